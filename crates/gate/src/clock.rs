//! The clock of a gate. The gate reads no system clock by itself: the clock that it was given
//! decides what has expired, and a test can move it.

use countersign_domain::Timestamp;

/// A clock. Any closure that returns the instant is one.
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The clock of the operating system. If it is outside the years 1970 to 9999, it counts as the end
/// of the calendar, so it prolongs no token.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads it, for services that have no clock of their own to give"
    )]
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_micros()).ok())
            .and_then(Timestamp::from_micros)
            .unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_and_a_closure_both_tell_the_time() {
        let built: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert!(SystemClock.now() > built);
        assert_eq!((move || built).now(), built);
    }
}
