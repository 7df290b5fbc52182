//! The command line for people and scripts: the real binary as a client of the real service.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod conflicts;
mod contexts;
mod examples;
mod exit_codes;
mod first_update;
mod secrets;
mod streams;
mod tls;
mod user;
