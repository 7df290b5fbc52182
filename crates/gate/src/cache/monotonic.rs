//! Monotonic time as one number that fits into an atomic. It is the runtime's time, so that a test can
//! move it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The range of moments before the start of a clock: facts may be older than the process.
const BEFORE: Duration = Duration::from_hours(24 * 366);

/// Nanoseconds since [`BEFORE`] the start of the clock; never 0, which stands for "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Moment {
    /// Returns the time since an earlier moment; zero if that one is later.
    pub(super) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(super) fn minus(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(span).max(1))
    }

    pub(super) fn plus(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(span))
    }
}

#[derive(Debug)]
pub(super) struct MonotonicClock(Instant);

impl MonotonicClock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(&self) -> Moment {
        self.at(Instant::now().into_std())
    }

    /// Returns the moment of an instant, which may lie before the start.
    pub(super) fn at(&self, at: std::time::Instant) -> Moment {
        let since = BEFORE.saturating_add(at.saturating_duration_since(self.0.into_std()));
        Moment(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// An optional moment that threads share.
#[derive(Debug, Default)]
pub(super) struct AtomicMoment(AtomicU64);

impl AtomicMoment {
    pub(super) fn get(&self) -> Option<Moment> {
        let nanos = self.0.load(Ordering::Acquire);
        (nanos != 0).then_some(Moment(nanos))
    }

    pub(super) fn set(&self, moment: Option<Moment>) {
        let nanos = moment.map_or(0, |moment| moment.0);
        self.0.store(nanos, Ordering::Release);
    }

    /// Sets the moment, unless it is set to a later one.
    pub(super) fn advance(&self, moment: Moment) {
        self.0.fetch_max(moment.0, Ordering::AcqRel);
    }

    /// Replaces `from` by `to`. Returns whether the moment was `from`.
    pub(super) fn exchange(&self, from: Moment, to: Moment) -> bool {
        let order = Ordering::AcqRel;
        let exchanged = self
            .0
            .compare_exchange(from.0, to.0, order, Ordering::Acquire);
        exchanged.is_ok()
    }
}
