//! The surface on a real store, request by request: what each operation answers, and what every answer has.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what does not hold here is a failed test"
)]

mod annotations;
mod arbitrary;
mod authorization;
mod blind;
mod checks;
mod client_address;
mod clock;
mod conditional;
mod connections;
mod cors;
mod create;
mod descendants;
mod dry_runs;
mod events;
mod faults;
mod hangups;
mod large_catalogs;
mod list;
mod overload;
mod pages;
mod query;
mod read;
mod renewal;
mod revoked;
mod rotate;
mod update;
mod users;
mod uses;
mod wire_rules;
mod words;
mod world;
