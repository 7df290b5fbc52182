//! What a clumsy or hostile client may send, and what it gets for it: over real connections, on a real store.
//!
//! Whatever a row of a table is about, the harness also sees to what holds of all of them: a refusal is a problem
//! document, nothing was written, and no secret shows.

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
