//! The feed of changes, by which all nodes learn of a change on one of them. A reader pulls the
//! feed: it keeps its position and asks for later changes, so that nothing is lost while a
//! connection is down.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use countersign_domain::{Change, Changes, EventKind, TenantId, Timestamp, TokenId, Version};
use thiserror::Error;

use super::StoreError;

/// A position in the feed of one store: 1 to 8192 printable ASCII characters without blanks, which
/// only that store can interpret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPosition(Box<str>);

/// The text is not a position of any feed.
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

/// How many bytes of changed fields the feed reports for one change. Of longer ones it reports none, so
/// that a statement about many changes is bounded.
pub const FEED_CHANGES_BYTES: u32 = 4096;

/// One committed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenChanged {
    /// The token's tenant.
    pub tenant: TenantId,
    /// The token.
    pub token: TokenId,
    /// Its version after the change.
    pub version: Version,
    /// The kind of change.
    pub kind: EventKind,
    /// The instant of the decision, by the clock of the deciding node.
    pub at: Timestamp,
    /// The changed fields in JSON, as the history has them; `None` if they are longer than
    /// [`FEED_CHANGES_BYTES`]. Few readers need them, so that each takes them apart by itself.
    pub changes: Option<Box<str>>,
}

impl TokenChanged {
    /// The fields that an update changed; `None` if it was not an update, or if the
    /// fields are too long or cannot be parsed.
    #[must_use]
    pub fn update(&self) -> Option<Changes> {
        let changes = self.changes.as_deref();
        let changes = changes.filter(|_| self.kind == EventKind::Updated);
        changes.and_then(|text| serde_json::from_str(text).ok())
    }
}

/// The changes after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeBatch {
    /// The changes, those of one token in the order of their versions. `None` if there are more
    /// than the limit, or one of them cannot be read: then any token may have changed.
    pub changes: Option<Vec<TokenChanged>>,
    /// The position after them.
    pub position: FeedPosition,
}

/// Reason why the feed has no answer.
#[derive(Debug, Error)]
pub enum FeedError {
    /// The store never issued this position.
    #[error(transparent)]
    Position(#[from] InvalidPosition),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The feed of committed changes of all nodes.
///
/// # Contract
/// - A reader that continues from each [`ChangeBatch::position`] gets every committed change
///   exactly once, in whatever order the changes commit, and no change that is not committed.
/// - A position stays valid across restarts, and on every node of the same store.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// The position after everything that is committed now.
    async fn position(&self) -> Result<FeedPosition, StoreError>;

    /// The changes that were committed after a position, unless there are more than `limit`.
    async fn since(&self, position: &FeedPosition, limit: u16) -> Result<ChangeBatch, FeedError>;

    /// Completes when something may have been committed since the previous call, as early as the
    /// store allows. It may complete without a reason, and it may miss a commit, so callers also
    /// poll now and then.
    async fn wait_for_change(&self);
}

/// Invalidates caches on the node that makes a change, before the caller of the change is answered.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Invalidator: Send + Sync {
    /// The token changed, or may have changed.
    fn invalidate(&self, token: TokenId);

    /// The change is stored.
    fn stored(&self, change: &Change);

    /// It is not known whether the change is stored.
    fn in_doubt(&self, change: &Change);
}
