//! The console in a real browser and against the real binary: what people can do with the pages,
//! what nobody can, and whether everybody can read them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod chains;
#[path = "../common/mod.rs"]
mod common;
mod desk;
mod documents;
mod headers;
mod hostile;
mod life;
mod looks;
mod plain;
mod refusals;
mod sessions;
mod together;
mod visitor;
