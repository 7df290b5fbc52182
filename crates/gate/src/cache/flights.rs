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

use super::{hashing::Mix, held::Facts, stamps::Begin, watch::Moment};
use crate::SourceFault;

/// What a look-up found, and from when on it looked.
#[derive(Debug, Clone)]
pub(super) struct Landed {
    pub(super) begin: Begin,
    pub(super) found: Result<Option<Facts>, SourceFault>,
}

#[derive(Debug)]
struct Flight {
    since: Moment,
    /// How many wait for it. Changed under the board's lock only.
    seats: AtomicUsize,
    landed: OnceCell<Landed>,
}

type Board = HashMap<SecretDigest, Arc<Flight>, Mix>;

#[derive(Debug)]
pub(super) struct Flights {
    boards: [Mutex<Board>; 16],
}

impl Flights {
    pub(super) fn new(mix: &Mix) -> Self {
        Self {
            boards: std::array::from_fn(|_| Mutex::new(Board::with_hasher(mix.clone()))),
        }
    }

    /// The answer of the look-up that is under way, unless that began longer than `joinable` ago, or of `look_up`.
    pub(super) async fn join<F: Future<Output = Landed> + Send>(
        &self,
        digest: &SecretDigest,
        now: Moment,
        joinable: Duration,
        look_up: impl FnOnce() -> F + Send,
    ) -> Landed {
        let seat = self.board(digest, now, joinable);
        seat.flight.landed.get_or_init(look_up).await.clone()
    }

    fn board(&self, digest: &SecretDigest, now: Moment, joinable: Duration) -> Seat<'_> {
        let board = &self.boards[usize::from(digest.as_bytes()[0]) % self.boards.len()];
        let mut flights = board.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = flights
            .get(digest)
            .filter(|flight| !flight.landed.initialized() && now.since(flight.since) <= joinable);
        let flight = under_way.cloned().unwrap_or_else(|| {
            let flight = Arc::new(Flight {
                since: now,
                seats: AtomicUsize::new(0),
                landed: OnceCell::new(),
            });
            flights.insert(*digest, Arc::clone(&flight));
            flight
        });
        flight.seats.fetch_add(1, Ordering::Relaxed);
        Seat {
            board,
            digest: *digest,
            flight,
        }
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        let count = |board: &Mutex<Board>| board.lock().unwrap().len();
        self.boards.iter().map(count).sum()
    }
}

/// A place in a flight. Whoever leaves one that has landed, or leaves as the last, clears it away.
struct Seat<'a> {
    board: &'a Mutex<Board>,
    digest: SecretDigest,
    flight: Arc<Flight>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.flight.seats.fetch_sub(1, Ordering::Relaxed) == 1;
        let listed = flights
            .get(&self.digest)
            .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        if listed && (last || self.flight.landed.initialized()) {
            flights.remove(&self.digest);
        }
    }
}
