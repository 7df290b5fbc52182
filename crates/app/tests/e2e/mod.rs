//! Shared parts of the longer tests: many clients, writers with a ledger of acknowledged changes,
//! and a check that record, user and history of a token agree.

#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod client;
pub(crate) mod comings;
pub(crate) mod contract;
pub(crate) mod history;
pub(crate) mod intruder;
pub(crate) mod load;
pub(crate) mod nodes;
pub(crate) mod tenant;
pub(crate) mod traces;
pub(crate) mod writer;

use std::{
    thread,
    time::{Duration, Instant},
};

/// The longest that any call may take, whatever the database does.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);

/// An id of the right form that nobody has.
pub(crate) const UNKNOWN_ID: &str = "01890000-0000-7000-8000-00000000abcd";

/// Asks until it is so, and says how long that took.
pub(crate) fn within(limit: Duration, what: &str, mut so: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < limit, "after {limit:?} still not: {what}");
        thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}
