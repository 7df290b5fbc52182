//! Countersign's ports on SQLite: the embedded default, which needs no server and no set-up.
//!
//! One connection writes and several read, so that readers never wait and writers wait in line in this process
//! instead of failing on each other's locks. Several processes may share one file.

mod audit;
mod change;
mod commit;
mod create;
mod directory;
mod fault;
mod filter;
mod read;
mod rows;
mod store;

pub use store::SqliteStore;
