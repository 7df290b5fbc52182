//! What one connection's end tells about the others.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When a connection was last found to lead to a server that is gone. Those that are older lead there as well; to try
/// each of them would cost as many failed requests.
#[derive(Debug, Default)]
pub(crate) struct StaleBefore(Mutex<Option<Instant>>);

impl StaleBefore {
    /// Doubts all connections of now, unless that was done within this time; tells whether it was not.
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
