//! Clock skew between this node and the store, whose clock all nodes share. It is measured at the
//! start and periodically; a node whose clock differs reports that, and judges nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_application::{
    error_chain,
    ports::{Clock, StoreHealth, StoreTime},
};
use countersign_domain::Timestamp;
use countersign_http::Timekeeping;
use tokio::time::sleep;

/// The period of the comparison.
const EVERY: Duration = Duration::from_secs(10);

/// The period in which this machine's clock is compared with its own past, if the store has no
/// clock: that costs less, and a clock that was set back shows only until it has caught up.
const EVERY_ALONE: Duration = Duration::from_secs(1);

/// The maximum difference, in microseconds.
const MOST: i64 = 2_000_000;

/// In place of an unknown difference.
const UNKNOWN: i64 = i64::MIN;

/// The comparison of both clocks.
pub(crate) struct Skew {
    clock: Arc<dyn Clock>,
    probe: Arc<dyn StoreHealth>,
    time: Timekeeping,
    micros: AtomicI64,
    /// The latest instant that this process has seen.
    seen: AtomicI64,
}

/// The least and the most microseconds by which this node's clock is ahead of the store's: the
/// answer may have been read at any moment of the call.
fn ahead(before: Timestamp, took: Duration, told: Timestamp) -> (i64, i64) {
    let least = before.as_micros().saturating_sub(told.as_micros());
    let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
    (least, least.saturating_add(took))
}

impl Skew {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        probe: Arc<dyn StoreHealth>,
        time: Timekeeping,
    ) -> Self {
        Self {
            clock,
            probe,
            time,
            micros: AtomicI64::new(UNKNOWN),
            seen: AtomicI64::new(i64::MIN),
        }
    }

    /// The number of seconds by which this node's clock is ahead; none if it is unknown.
    pub(crate) fn seconds(&self) -> Option<f64> {
        let micros = self.micros.load(Ordering::Relaxed);
        let seconds = || Duration::from_micros(micros.unsigned_abs()).as_secs_f64();
        (micros != UNKNOWN).then(|| seconds().copysign(if micros < 0 { -1.0 } else { 1.0 }))
    }

    /// Compares the clocks once, and returns the time until the next comparison. If the store does
    /// not answer, the state stays.
    pub(crate) async fn compare(&self) -> Duration {
        let (before, begin) = (self.clock.now(), Instant::now());
        let told = match self.probe.time().await {
            Ok(StoreTime::Clock(told)) => told,
            Ok(StoreTime::Newest(newest)) => {
                self.compare_with_past(newest);
                return EVERY_ALONE;
            }
            Err(fault) => {
                let error = error_chain(&fault);
                tracing::debug!(error, "the clocks could not be compared");
                return EVERY;
            }
        };
        let (least, most) = ahead(before, begin.elapsed(), told);
        let middle = least + (most - least) / 2;
        self.micros.store(middle, Ordering::Relaxed);
        let apart = least > MOST || most < -MOST;
        if self.time.note(apart) {
            let seconds = self.seconds();
            if apart {
                tracing::error!(
                    seconds,
                    "this node's clock differs from the database's: the node checks no token until both agree"
                );
            } else {
                tracing::info!(
                    seconds,
                    "this node's clock agrees with the database's again"
                );
            }
        }
        EVERY
    }

    /// Time does not go back: neither behind the newest change, nor behind the latest instant that
    /// this process has seen.
    fn compare_with_past(&self, newest: Option<Timestamp>) {
        let now = self.clock.now().as_micros();
        let seen = self.seen.fetch_max(now, Ordering::Relaxed);
        let latest = newest.map_or(seen, |newest| newest.as_micros().max(seen));
        let behind = latest.saturating_sub(now).max(0);
        self.micros.store(-behind, Ordering::Relaxed);
        let apart = behind > MOST;
        if self.time.note(apart) {
            let seconds = self.seconds();
            if apart {
                tracing::error!(
                    seconds,
                    "this machine's clock was set back behind the newest change or the latest time seen: no token is checked until it has caught up"
                );
            } else {
                tracing::info!(seconds, "this machine's clock has caught up");
            }
        }
    }

    /// Compares the clocks for ever.
    pub(crate) async fn compare_often(self: Arc<Self>) {
        loop {
            let pause = self.compare().await;
            sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use countersign_application::ports::{MockClock, MockStoreHealth, StoreError};

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(1_780_000_000_000_000 + micros).unwrap()
    }

    /// The store's clock, or its newest change.
    type Told = Result<Result<i64, Option<i64>>, ()>;

    /// A node whose clock stands still, beside a store with a prepared answer.
    fn skew(told: Told) -> (Skew, Arc<Mutex<Told>>) {
        let told = Arc::new(Mutex::new(told));
        let (mut clock, mut probe, says) = (MockClock::new(), MockStoreHealth::new(), told.clone());
        clock.expect_now().returning(|| at(0));
        probe.expect_time().returning(move || {
            let told = *says.lock().unwrap();
            told.map(|told| match told {
                Ok(clock) => StoreTime::Clock(at(clock)),
                Err(newest) => StoreTime::Newest(newest.map(at)),
            })
            .map_err(|()| StoreError::Unavailable("away".into()))
        });
        let skew = Skew::new(Arc::new(clock), Arc::new(probe), Timekeeping::default());
        (skew, told)
    }

    #[test]
    fn the_answers_way_counts_for_the_clock() {
        let took = Duration::from_micros(700);
        assert_eq!(ahead(at(0), took, at(300)), (-300, 400));
        assert_eq!(ahead(at(5000), took, at(0)), (5000, 5700));
    }

    #[tokio::test]
    async fn beyond_two_seconds_either_way_the_clocks_are_apart() {
        // The duration of the call reduces by how much the clock is known to be ahead.
        for (store, apart) in [
            (0_i32, false),
            (1_999_999, false),
            (3_000_000, true),
            (-2_000_000, false),
            (-2_000_001, true),
        ] {
            let (skew, _) = skew(Ok(Ok(store.into())));
            skew.compare().await;
            assert_eq!(skew.time.is_apart(), apart, "{store}");
            let seconds = skew.seconds().unwrap();
            assert!((seconds * 1e6 + f64::from(store)).abs() < 5e5, "{seconds}");
        }
    }

    #[tokio::test]
    async fn a_store_that_does_not_tell_changes_nothing() {
        let (skew, told) = skew(Err(()));
        skew.compare().await;
        assert_eq!(skew.seconds(), None);
        *told.lock().unwrap() = Ok(Err(None));
        skew.compare().await;
        assert!(!skew.time.is_apart());
        assert_eq!(skew.seconds(), Some(0.0));
        *told.lock().unwrap() = Ok(Ok(9_000_000));
        skew.compare().await;
        assert!(skew.time.is_apart());
        *told.lock().unwrap() = Err(());
        skew.compare().await;
        assert!(skew.time.is_apart(), "nobody said that it is right again");
        *told.lock().unwrap() = Ok(Ok(0));
        skew.compare().await;
        assert!(!skew.time.is_apart());
    }

    #[tokio::test]
    async fn a_clock_alone_may_not_go_behind_the_newest_change() {
        for (newest, apart) in [
            (None, false),
            (Some(-3_000_000_000), false),
            (Some(2_000_000), false),
            (Some(2_000_001), true),
        ] {
            let (skew, told) = skew(Ok(Err(newest)));
            assert_eq!(skew.compare().await, EVERY_ALONE);
            assert_eq!(skew.time.is_apart(), apart, "{newest:?}");
            // A change by the right clock is the newest from then on.
            *told.lock().unwrap() = Ok(Err(Some(0)));
            skew.compare().await;
            assert!(!skew.time.is_apart());
        }
    }

    #[tokio::test]
    async fn a_clock_alone_may_not_go_behind_what_was_seen() {
        let (skew, _) = skew(Ok(Err(None)));
        skew.compare().await;
        skew.seen
            .store(at(5_000_000).as_micros(), Ordering::Relaxed);
        skew.compare().await;
        assert!(skew.time.is_apart());
        assert_eq!(skew.seconds(), Some(-5.0));
    }
}
