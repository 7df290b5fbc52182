//! Whether this node's clock can be believed. It decides what has expired, and every node has its own: one that is apart
//! from the others' would honour tokens that they refuse. Such a node does not judge at all until it is in step again.

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

/// What the deployment last found out about this node's clock. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Timekeeping(Arc<AtomicBool>);

/// This node's clock is apart from the store's, so that nothing can be judged by it.
#[derive(Debug, Clone, Copy, Error)]
#[error("this node's clock is apart from the store's")]
pub(crate) struct ClockApart;

impl Timekeeping {
    /// Notes whether the clock is too far from the store's; tells whether that is news.
    #[must_use]
    pub fn note(&self, apart: bool) -> bool {
        self.0.swap(apart, Ordering::Relaxed) != apart
    }

    /// Whether it was, when it was last compared.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A source that tells nothing while the clock is apart, so that whatever door is asked cannot come to a verdict.
pub struct ClockGuard {
    source: Arc<dyn CredentialSource>,
    time: Timekeeping,
}

impl ClockGuard {
    /// This source, as long as the clock is in step.
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
