//! Real processes for tests: a private PostgreSQL and the service's own binary.
//!
//! The promises of a commit can only be tested against a real server that can be frozen, killed and
//! started again. This crate starts such processes, knows their addresses, and stops them when it
//! ends, in whatever way. `cargo xtask` and the end-to-end tests share it.

#[cfg(feature = "bench")]
pub mod bench;
#[cfg(feature = "browser")]
pub mod browser;
pub mod cluster;
mod debian;
pub mod dist;
pub mod faketime;
pub mod later_version;
pub mod node;
pub mod packages;
pub mod pgbouncer;
pub mod pgpool;
mod prerequisites;
mod process;
mod promtool;
pub mod proxies;
mod python;
pub mod server;
pub mod sql;

pub use debian::debian;
pub use promtool::promtool;
pub use python::{environment, python, wheel};
