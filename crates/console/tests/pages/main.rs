//! The pages on a real store and inside the real surface, request by request, as honest and hostile
//! browsers send them. Tests that need a real browser are elsewhere.

#![expect(
    clippy::unwrap_used,
    reason = "what does not hold here is a failed test"
)]

mod annotations;
mod browser;
mod chains;
mod descendants;
mod editing;
mod guards;
mod history;
mod making;
mod reading;
mod sessions;
mod signing_in;
mod unreadable;
mod world;
