//! After a failover, connections opened before it are stale; do not try each.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The instant at which a connection was last found to lead to a server that is gone. Older
/// connections lead there too, and a try of each would cost as many failed requests.
#[derive(Debug, Default)]
pub(crate) struct StaleBefore(Mutex<Option<Instant>>);

impl StaleBefore {
    /// Marks all current connections as stale, unless that happened within this time; returns
    /// whether it did so.
    pub(crate) fn mark(&self, rest: Duration) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = since.is_none_or(|since| since.elapsed() >= rest);
        if due {
            *since = Some(Instant::now());
        }
        due
    }

    pub(crate) fn invalidates(&self, age: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| age > since.elapsed())
    }
}
