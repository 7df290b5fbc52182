//! Countersign's ports on SQLite: the embedded default, which needs no server and no set-up.
//!
//! One connection writes and several read, so that readers never wait, and writers queue in this
//! process instead of failing on each other's locks. Several processes may share one file.
//!
//! The modules are those of the adapter for PostgreSQL, except those that only a server needs; that
//! crate's documentation lists them.

mod audit;
mod column;
mod commit;
mod descent;
mod directory;
mod error;
mod feed;
mod file;
mod filter;
mod history;
mod log_space;
mod migration;
mod page;
mod permit;
mod read;
mod rows;
mod session;
mod snapshot;
mod store;
mod stray;
mod usage;
mod writer;

pub use store::{OpenError, SqliteStore};
