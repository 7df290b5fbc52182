//! Time that moves only when a test moves it, and randomness that counts: a test that fails once
//! fails always.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_domain::{Change, Timestamp, TokenId};

use crate::ports::{Clock, Entropy, EntropyError, Invalidator};

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows this instant.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_micros()))
    }

    /// The instant that it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    /// Shows this instant from now on.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_micros(), Ordering::SeqCst);
    }

    /// Moves on by so many seconds; back, if they are negative.
    pub fn advance(&self, seconds: i64) {
        self.set(self.now().minus_seconds(-seconds));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

/// Bytes that count, the lowest last: never the same twice, and ids of one millisecond sort in the
/// order of their creation.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        buffer.fill(0);
        for (byte, digit) in buffer.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte = digit;
        }
        Ok(())
    }
}

/// An invalidator of a node without a cache.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopInvalidator;

impl Invalidator for NoopInvalidator {
    fn invalidate(&self, _: TokenId) {}
    fn stored(&self, _: &Change) {}
    fn in_doubt(&self, _: &Change) {}
}
