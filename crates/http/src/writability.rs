//! Writability of the store. Checks continue without it, so a node stays ready; operators have to
//! learn of it all the same, because nothing can be revoked then.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The last known writability of the store. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Writability(Arc<AtomicBool>);

impl Writability {
    /// Records whether the store takes no changes; returns true if the state changed.
    #[must_use]
    pub fn note(&self, lost: bool) -> bool {
        // Read first, so that processors share the cache line in the usual case.
        self.is_lost() != lost && self.0.swap(lost, Ordering::Relaxed) != lost
    }

    /// Whether the store took no changes at the last attempt.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
