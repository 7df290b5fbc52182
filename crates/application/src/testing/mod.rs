//! Test support of this crate, of the stores and of the surfaces: time and randomness that tests
//! control, tenants and tokens made through the real rules, and the contract that every store must
//! pass.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "in a test a panic is how a failure is told"
)]

pub mod contract;
mod fakes;
mod fixtures;
mod recorders;
mod steps;

pub use fakes::{CountingEntropy, FixedClock, NoopInvalidator};
pub use fixtures::{Stores, TestTenant, at, no_change, rename_to};
pub use recorders::Notes;
