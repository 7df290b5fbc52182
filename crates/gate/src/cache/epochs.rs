//! Which facts may still be believed. Nothing is ever removed when a token changes: the change is stamped with a number,
//! and facts that were looked up under a smaller one are not believed, whenever they arrive.
//!
//! Why no old facts slip through: a look-up notes the highest number *before* it asks the source, and a change takes a
//! new number *after* it was committed. If the look-up noted that number, the one `fetch_add` came before its `load`
//! (the number can have come from nowhere else, and release and acquire order what lies around them), so the source was
//! asked after the commit and told the new facts. If it noted a smaller one, its facts are older than the stamp and are
//! refused by everybody who sees the stamp. Whoever learns that the change is done, learns it after the stamp was
//! written with release order, and so reads it with acquire order.
//!
//! Facts that nobody looked up, because a change says what they are from now on, are held under the
//! number that the change itself took. One mutex is locked from before that number is taken until
//! they are held, and for every other stamp, so that stamps come in the order of their numbers.
//! Such facts are made only from facts of the version before, which no stamp had overtaken until
//! then. If a later change of the token had been stamped already, facts that are good were looked
//! up after it and would be of its version; if it is stamped afterwards, its number is higher, and
//! the new facts are refused like any others.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use countersign_domain::TokenId;

/// The number under which a look-up began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Epoch(u64);

#[derive(Debug)]
pub(super) struct Epochs {
    /// The highest number that was given out.
    last: AtomicU64,
    /// The number of the last change that concerned everything.
    flushed: AtomicU64,
    /// The number of the last change of any token that falls into the slot. Two tokens in one slot cost a look-up.
    slots: Box<[AtomicU64]>,
    stamping: Mutex<()>,
}

/// The right to stamp, which one thread has at a time.
pub(super) struct Stamping<'a> {
    epochs: &'a Epochs,
    _turn: MutexGuard<'a, ()>,
}

impl Stamping<'_> {
    /// To be called after the change was committed. What is known of the token from the change
    /// itself may be held under the number that is returned, as long as this is not dropped.
    pub(super) fn forget(&self, token: TokenId) -> Epoch {
        let number = self.next();
        let slot = self.epochs.slot(token);
        slot.fetch_max(number, Ordering::AcqRel);
        Epoch(number)
    }

    /// As if every token had changed.
    pub(super) fn forget_all(&self) {
        let number = self.next();
        self.epochs.flushed.fetch_max(number, Ordering::AcqRel);
    }

    fn next(&self) -> u64 {
        self.epochs.last.fetch_add(1, Ordering::AcqRel) + 1
    }
}

impl Epochs {
    /// With that many slots, or the next power of two.
    pub(super) fn new(slots: usize) -> Self {
        let slots = slots.clamp(1, 1 << 24).next_power_of_two();
        Self {
            last: AtomicU64::new(0),
            flushed: AtomicU64::new(0),
            slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            stamping: Mutex::default(),
        }
    }

    /// To be called before the source is asked.
    pub(super) fn begin(&self) -> Epoch {
        Epoch(self.last.load(Ordering::Acquire))
    }

    /// Waits for the turn to stamp.
    pub(super) fn stamping(&self) -> Stamping<'_> {
        let turn = self.stamping.lock();
        Stamping {
            epochs: self,
            _turn: turn.unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Whether facts about this token that were looked up from there on may be believed.
    pub(super) fn good(&self, begin: Epoch, token: TokenId) -> bool {
        self.unflushed(begin) && begin.0 >= self.slot(token).load(Ordering::Acquire)
    }

    /// Whether an answer that names no token may be believed.
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
