//! Guard against a wrong clock. The node's clock decides what has expired, and every node has its
//! own: a node whose clock differs from the others' would honour tokens that they refuse. Such a
//! node judges no token until the clocks agree.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use countersign_domain::Credential;
use countersign_gate::{Aged, CredentialSource, PresentedSecret, SourceError, async_trait};
use thiserror::Error;

/// The result of the last comparison of this node's clock. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Timekeeping(Arc<AtomicBool>);

/// This node's clock differs from the store's, so it must judge nothing.
#[derive(Debug, Clone, Copy, Error)]
#[error("this node's clock is apart from the store's")]
pub(crate) struct ClockApart;

impl Timekeeping {
    /// Records whether the clock is too far from the store's; returns true if the state changed.
    #[must_use]
    pub fn note(&self, apart: bool) -> bool {
        self.0.swap(apart, Ordering::Relaxed) != apart
    }

    /// Whether the clock was too far off at the last comparison.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Decorator of a source: it fails while the clock is apart, so that no endpoint can come to a
/// verdict.
pub struct ClockGuard {
    source: Arc<dyn CredentialSource>,
    time: Timekeeping,
}

impl ClockGuard {
    /// Guards this source.
    pub fn new(source: Arc<dyn CredentialSource>, time: Timekeeping) -> Self {
        Self { source, time }
    }

    fn in_step(&self) -> Result<(), SourceError> {
        if self.time.is_apart() {
            return Err(SourceError::away(ClockApart));
        }
        Ok(())
    }
}

#[async_trait]
impl CredentialSource for ClockGuard {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        self.in_step()?;
        self.source.find(presented).await
    }

    async fn find_aged(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        self.in_step()?;
        self.source.find_aged(presented).await
    }

    fn try_now(&self, presented: &PresentedSecret) -> Poll<Option<Aged>> {
        if self.time.is_apart() {
            return Poll::Pending;
        }
        self.source.try_now(presented)
    }
}
