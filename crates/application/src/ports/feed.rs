//! How a change on one node becomes known on all others. The feed is read, not pushed: a reader keeps its place and
//! asks for what came since, so that what was missed while a connection was down is still there to be read.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use countersign_domain::{EventKind, TenantId, Timestamp, TokenId, Version};
use thiserror::Error;

use super::StoreError;

/// A place in the feed of one store: 1 to 8192 printable ASCII characters without blanks, which only that store reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPosition(Box<str>);

/// The text is no place in any feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a position of the feed")]
pub struct InvalidPosition;

impl FeedPosition {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FeedPosition {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if plain && (1..=8192).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidPosition)
        }
    }
}

impl fmt::Display for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One change that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenChanged {
    /// The token's tenant.
    pub tenant: TenantId,
    /// The token.
    pub token: TokenId,
    /// Its version since.
    pub version: Version,
    /// What was done to it.
    pub kind: EventKind,
    /// When that was decided, by the clock of the node that did.
    pub at: Timestamp,
}

/// What came since a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeBatch {
    /// The changes, those of one token in the order of their versions; `None` where there are more than were asked for, or
    /// one of them cannot be read: then any token may have changed.
    pub changes: Option<Vec<TokenChanged>>,
    /// The place behind them.
    pub position: FeedPosition,
}

/// Why the feed tells nothing.
#[derive(Debug, Error)]
pub enum FeedError {
    /// The store never gave out this position.
    #[error(transparent)]
    Position(#[from] InvalidPosition),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells what was committed, on whatever node.
///
/// # Contract
/// - Whoever goes on from each [`ChangeBatch::position`] is told every committed change exactly
///   once, in whatever order the changes commit; no change that is not committed is told.
/// - A position stays good across restarts, and on every node of the same store.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// The place behind everything that is committed now.
    async fn position(&self) -> Result<FeedPosition, StoreError>;

    /// What was committed behind a position, unless that is more than `limit`.
    async fn since(&self, position: &FeedPosition, limit: u16) -> Result<ChangeBatch, FeedError>;

    /// Ends when something may have been committed since it was last called, at the earliest opportunity that the store
    /// offers. It may end without a reason, and it may miss one: whoever waits also looks by itself now and then.
    async fn wait_for_change(&self);
}

/// Is told of each change on the node that makes it, before its maker is answered.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Invalidator: Send + Sync {
    /// The token changed, or may have.
    fn invalidate(&self, token: TokenId);
}
