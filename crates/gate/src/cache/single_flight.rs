//! One look-up at a time for each secret: whoever comes while it is under way waits for its answer. A look-up that is
//! given up, or that panics, is taken over by one of those who wait, so nobody is left behind.

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

/// What a look-up found, and from when on it looked.
#[derive(Debug, Clone)]
pub(super) struct LookupOutcome {
    pub(super) begin: Epoch,
    pub(super) found: Result<Option<KnownCredential>, SourceError>,
}

#[derive(Debug)]
struct InFlight {
    since: Moment,
    /// How many wait for it. Changed under the board's lock only.
    seats: AtomicUsize,
    landed: OnceCell<LookupOutcome>,
}

type Shard = HashMap<SecretDigest, Arc<InFlight>, DigestHashBuilder>;

#[derive(Debug)]
pub(super) struct SingleFlight {
    boards: [Mutex<Shard>; 16],
}

impl SingleFlight {
    pub(super) fn new(mix: &DigestHashBuilder) -> Self {
        Self {
            boards: std::array::from_fn(|_| Mutex::new(Shard::with_hasher(mix.clone()))),
        }
    }

    /// The answer of the look-up that is under way, unless that began longer than `joinable` ago, or of `look_up`.
    pub(super) async fn join<F: Future<Output = LookupOutcome> + Send>(
        &self,
        digest: &SecretDigest,
        now: Moment,
        joinable: Duration,
        look_up: impl FnOnce() -> F + Send,
    ) -> LookupOutcome {
        let seat = self.board(digest, now, joinable);
        seat.flight.landed.get_or_init(look_up).await.clone()
    }

    fn board(&self, digest: &SecretDigest, now: Moment, joinable: Duration) -> Waiter<'_> {
        let board = &self.boards[usize::from(digest.as_bytes()[0]) % self.boards.len()];
        let mut single_flight = board.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = single_flight
            .get(digest)
            .filter(|flight| !flight.landed.initialized() && now.since(flight.since) <= joinable);
        let flight = under_way.cloned().unwrap_or_else(|| {
            let flight = Arc::new(InFlight {
                since: now,
                seats: AtomicUsize::new(0),
                landed: OnceCell::new(),
            });
            single_flight.insert(*digest, Arc::clone(&flight));
            flight
        });
        flight.seats.fetch_add(1, Ordering::Relaxed);
        Waiter {
            board,
            digest: *digest,
            flight,
        }
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        let count = |board: &Mutex<Shard>| board.lock().unwrap().len();
        self.boards.iter().map(count).sum()
    }
}

/// A place in a flight. Whoever leaves one that has landed, or leaves as the last, clears it away.
struct Waiter<'a> {
    board: &'a Mutex<Shard>,
    digest: SecretDigest,
    flight: Arc<InFlight>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut single_flight = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.flight.seats.fetch_sub(1, Ordering::Relaxed) == 1;
        let listed = single_flight
            .get(&self.digest)
            .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        if listed && (last || self.flight.landed.initialized()) {
            single_flight.remove(&self.digest);
        }
    }
}
