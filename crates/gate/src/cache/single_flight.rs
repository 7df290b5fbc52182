//! Single flight: one look-up at a time for each secret; requests that come during it wait for its
//! answer. If a look-up is cancelled or panics, one of the waiting requests does it again.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use countersign_domain::SecretDigest;
use tokio::sync::OnceCell;

use super::{
    epochs::Epoch, hashing::DigestHashBuilder, lookup::KnownCredential, monotonic::Moment,
};
use crate::SourceError;

/// The result of a look-up, and the epoch at its beginning.
#[derive(Debug, Clone)]
pub(super) struct LookupOutcome {
    pub(super) begin: Epoch,
    pub(super) found: Result<Option<KnownCredential>, SourceError>,
}

#[derive(Debug)]
struct InFlight {
    since: Moment,
    /// The number of requests that wait for it. Changed only under the lock of its shard.
    waiters: AtomicUsize,
    outcome: OnceCell<LookupOutcome>,
}

type Shard = HashMap<SecretDigest, Arc<InFlight>, DigestHashBuilder>;

#[derive(Debug)]
pub(super) struct SingleFlight {
    shards: [Mutex<Shard>; 16],
}

impl SingleFlight {
    pub(super) fn new(mix: &DigestHashBuilder) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::with_hasher(mix.clone()))),
        }
    }

    /// Returns the answer of the look-up in flight. Without one that began at most `joinable` ago,
    /// returns that of `look_up`.
    pub(super) async fn join<F: Future<Output = LookupOutcome> + Send>(
        &self,
        digest: &SecretDigest,
        now: Moment,
        joinable: Duration,
        look_up: impl FnOnce() -> F + Send,
    ) -> LookupOutcome {
        let waiter = self.wait(digest, now, joinable);
        waiter.flight.outcome.get_or_init(look_up).await.clone()
    }

    fn wait(&self, digest: &SecretDigest, now: Moment, joinable: Duration) -> Waiter<'_> {
        let shard = &self.shards[usize::from(digest.as_bytes()[0]) % self.shards.len()];
        let mut flights = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let in_flight = flights
            .get(digest)
            .filter(|flight| !flight.outcome.initialized() && now.since(flight.since) <= joinable);
        let flight = in_flight.cloned().unwrap_or_else(|| {
            let flight = Arc::new(InFlight {
                since: now,
                waiters: AtomicUsize::new(0),
                outcome: OnceCell::new(),
            });
            flights.insert(*digest, Arc::clone(&flight));
            flight
        });
        flight.waiters.fetch_add(1, Ordering::Relaxed);
        Waiter {
            shard,
            digest: *digest,
            flight,
        }
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        let count = |shard: &Mutex<Shard>| shard.lock().unwrap().len();
        self.shards.iter().map(count).sum()
    }
}

/// A request that waits for a look-up. Dropping it removes the look-up if it has its result, or if no
/// other request waits.
struct Waiter<'a> {
    shard: &'a Mutex<Shard>,
    digest: SecretDigest,
    flight: Arc<InFlight>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut flights = self.shard.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.flight.waiters.fetch_sub(1, Ordering::Relaxed) == 1;
        let listed = flights
            .get(&self.digest)
            .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        if listed && (last || self.flight.outcome.initialized()) {
            flights.remove(&self.digest);
        }
    }
}
