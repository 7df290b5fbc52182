//! Invalidation by epochs. A change of a token removes no entry: the change gets a number, its epoch,
//! and facts that were looked up under a smaller number are stale, whenever they arrive.
//!
//! Stale facts are never used, because a look-up reads the highest number *before* it asks the
//! source, and a change takes a new number *after* its commit:
//!
//! - If the look-up read the number of the change, then `fetch_add` came before its `load`: no other
//!   operation makes that number, and release and acquire order the operations around them. So the
//!   source was asked after the commit, and returned the new facts.
//! - If the look-up read a smaller number, its facts are older than the change, and every reader who
//!   sees the number of the change refuses them. The answer to a change is sent
//!   after its number was stored with release order, so a caller who has it reads that number.
//!
//! A change can also insert facts that no look-up returned, because the change determines them. They
//! are inserted under the number of the change. A mutex is held from before that number is taken
//! until they are inserted, and for every other change, so that changes are recorded in the order of
//! their numbers. Such facts are made only from facts of the version before that were not stale. If
//! a later change of the token was recorded first, facts that are not stale were looked up after it
//! and have its version. If the later change is recorded afterwards, its number is higher, and the
//! inserted facts are stale like any others.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use countersign_domain::TokenId;

/// The highest number at the beginning of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Epoch(u64);

#[derive(Debug)]
pub(super) struct Epochs {
    /// The number of the latest change.
    last: AtomicU64,
    /// The number of the latest change of all tokens.
    flushed: AtomicU64,
    /// The numbers of the latest changes of tokens. Tokens that share a slot cost each other look-ups.
    slots: Box<[AtomicU64]>,
    stamping: Mutex<()>,
}

/// The right to record changes, which one thread has at a time.
pub(super) struct Stamping<'a> {
    epochs: &'a Epochs,
    _turn: MutexGuard<'a, ()>,
}

impl Stamping<'_> {
    /// Records a change of a token; called after its commit. Facts that the change determines may be
    /// inserted under the returned number until `self` is dropped.
    pub(super) fn forget(&self, token: TokenId) -> Epoch {
        let number = self.next();
        let slot = self.epochs.slot(token);
        slot.fetch_max(number, Ordering::AcqRel);
        Epoch(number)
    }

    /// Records a change of all tokens.
    pub(super) fn forget_all(&self) {
        let number = self.next();
        self.epochs.flushed.fetch_max(number, Ordering::AcqRel);
    }

    fn next(&self) -> u64 {
        self.epochs.last.fetch_add(1, Ordering::AcqRel) + 1
    }
}

impl Epochs {
    /// Creates that many slots, or the next power of two.
    pub(super) fn new(slots: usize) -> Self {
        let slots = slots.clamp(1, 1 << 24).next_power_of_two();
        Self {
            last: AtomicU64::new(0),
            flushed: AtomicU64::new(0),
            slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            stamping: Mutex::default(),
        }
    }

    /// Returns the epoch of a look-up; called before the source is asked.
    pub(super) fn begin(&self) -> Epoch {
        Epoch(self.last.load(Ordering::Acquire))
    }

    /// Waits for the right to record changes.
    pub(super) fn stamping(&self) -> Stamping<'_> {
        let turn = self.stamping.lock();
        Stamping {
            epochs: self,
            _turn: turn.unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Returns whether facts of this token are not stale if their look-up began at `begin`.
    pub(super) fn good(&self, begin: Epoch, token: TokenId) -> bool {
        self.unflushed(begin) && begin.0 >= self.slot(token).load(Ordering::Acquire)
    }

    /// Returns whether an unknown digest is not stale if its look-up began at `begin`.
    pub(super) fn unflushed(&self, begin: Epoch) -> bool {
        begin.0 >= self.flushed.load(Ordering::Acquire)
    }

    fn slot(&self, token: TokenId) -> &AtomicU64 {
        // The tail of an id is random.
        let (_, tail) = token.as_uuid().as_u64_pair();
        let place = usize::try_from(tail & 0xffff_ffff).unwrap_or(0);
        &self.slots[place & (self.slots.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::credential;

    #[test]
    fn what_began_before_a_change_is_not_believed_and_what_began_after_is() {
        let epochs = Epochs::new(64);
        let (one, other) = (credential(1).token, credential(2).token);
        let before = epochs.begin();
        assert!(epochs.good(before, one));
        epochs.stamping().forget(one);
        assert!(!epochs.good(before, one));
        assert!(epochs.good(before, other), "another token is not concerned");
        assert!(epochs.good(epochs.begin(), one));
        let between = epochs.begin();
        epochs.stamping().forget_all();
        assert!(!epochs.good(between, one) && !epochs.good(between, other));
        assert!(!epochs.unflushed(between) && epochs.unflushed(epochs.begin()));
    }

    #[test]
    fn tokens_that_share_a_slot_only_cost_a_look_up() {
        let epochs = Epochs::new(1);
        let before = epochs.begin();
        epochs.stamping().forget(credential(1).token);
        assert!(!epochs.good(before, credential(2).token));
        assert!(epochs.good(epochs.begin(), credential(2).token));
    }
}
