//! Time, as whoever builds the gate has it. The gate reads no clock of its own: what expires is judged by the one that
//! it was given, which a test moves at will.

use countersign_domain::Timestamp;

/// Tells the time. Any closure that does is one.
pub trait Clock: Send + Sync {
    /// The instant it is.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The clock of the operating system. One that stands outside of the years 1970 to 9999 lends no token any time: it
/// then counts as the end of the calendar.
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
