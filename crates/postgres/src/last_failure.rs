//! The last failure of a connection. A few callers try to connect and see the reason; the others
//! wait for a slot among them, and would only see that there was none.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::Error;

/// The time for which a failure counts for waiting callers: a server that refuses connections is
/// tried several times within it.
const RECENT: Duration = Duration::from_secs(2);

/// The message and time of the last connection that failed; none after one succeeded.
#[derive(Debug, Default)]
pub(crate) struct LastFailure(Mutex<Option<(String, Instant)>>);

impl LastFailure {
    /// Records that a connection was made.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    /// Records why a connection failed.
    pub(crate) fn note(&self, error: &Error) {
        let words = match error {
            Error::Io(error) => error.to_string(),
            error => error.to_string(),
        };
        *self.lock() = Some((words, Instant::now()));
    }

    /// The reason why a caller got no connection in time, by its own error and those of others
    /// before.
    pub(crate) fn reason(&self, seen: Error) -> Error {
        let connecting = match &seen {
            Error::PoolTimedOut => false,
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => true,
            _ => return seen,
        };
        let last = self.lock().clone();
        if let Some((words, _)) = last.filter(|(_, at)| at.elapsed() < RECENT) {
            return Error::Io(io::Error::other(words));
        }
        if connecting {
            self.note(&seen);
        }
        seen
    }

    fn lock(&self) -> MutexGuard<'_, Option<(String, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a server that did not answer in time while a connection was made.
pub(crate) fn no_answer() -> Error {
    let words = "the server did not answer in time while connecting";
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_a_place_is_told_why_there_is_none() {
        let failure = LastFailure::default();
        assert!(matches!(
            failure.reason(Error::PoolTimedOut),
            Error::PoolTimedOut
        ));
        failure.note(&Error::Io(io::ErrorKind::ConnectionRefused.into()));
        for seen in [Error::PoolTimedOut, no_answer()] {
            let told = failure.reason(seen).to_string();
            assert_eq!(
                told,
                "error communicating with database: connection refused"
            );
        }
        failure.clear();
        assert!(matches!(
            failure.reason(Error::PoolTimedOut),
            Error::PoolTimedOut
        ));
    }
}
