//! Whether the store takes changes. Checks go on without, so a node stays ready; operators have to hear of it all the
//! same, because nothing can be revoked then.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What the deployment last found out about the store's writes. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Writability(Arc<AtomicBool>);

impl Writability {
    /// Notes whether the store takes no changes; returns whether that is news.
    #[must_use]
    pub fn note(&self, lost: bool) -> bool {
        // Read first, so that the usual case shares the line between processors.
        self.is_lost() != lost && self.0.swap(lost, Ordering::Relaxed) != lost
    }

    /// Whether it took none when it was last asked.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
