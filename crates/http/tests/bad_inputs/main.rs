//! Requests of a clumsy or hostile client, and their answers: over real connections, on a real
//! store.
//!
//! For every row of every table the harness also checks that a refusal is a problem document, that
//! nothing was written, and that no secret appears.

#![expect(
    clippy::unwrap_used,
    reason = "in a test a panic is how a failure is told"
)]

mod addresses;
mod authorization;
mod bodies;
mod conflicts;
mod credentials;
mod cursors;
mod echoes;
mod encodings;
mod expiry;
mod fields;
mod filters;
mod fuzz;
mod harness;
mod headers;
mod idempotency;
mod json_text;
mod names;
mod parameters;
mod paths;
mod permissions;
mod preconditions;
mod proxies;
mod races;
mod rotation;
mod self_lockout;
mod slow;
mod wire;
