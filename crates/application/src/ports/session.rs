//! Sessions of people in browsers. A session stands for a secret that somebody presented once; what it may do is told by
//! the facts behind that secret, which are looked up anew each time, and not by anything that is kept here.

use std::fmt;

use async_trait::async_trait;
use countersign_domain::{SecretDigest, TenantId, Timestamp, TokenId};

use super::StoreError;

/// The SHA-256 of a session's id: all that a store keeps of it. `Debug` shows its first 8 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionDigest([u8; 32]);

impl SessionDigest {
    /// Takes a digest as a store keeps it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest as a store keeps it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionDigest(")?;
        let shown = &self.0[..4];
        shown.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Of its id.
    pub digest: SessionDigest,
    /// The tenant of the token that it stands for.
    pub tenant: TenantId,
    /// That token.
    pub token: TokenId,
    /// Of the secret that was presented.
    pub secret: SecretDigest,
    /// When somebody signed in.
    pub began: Timestamp,
    /// When it was last used, to the minute or so.
    pub seen: Timestamp,
}

/// Keeps sessions.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Keeps a new session. Of its token's sessions the newest [`SESSIONS_PER_TOKEN`] are left; the oldest end, on
    /// whatever node and by however many calls at once they began.
    async fn begin(&self, session: &Session) -> Result<(), StoreError>;

    /// The session of that id, over or not.
    async fn session(&self, digest: &SessionDigest) -> Result<Option<Session>, StoreError>;

    /// Notes a use; the latest stands. Of a session that is not there, nothing.
    async fn record_activity(
        &self,
        digest: &SessionDigest,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends a session for good; one that is not there is ended already.
    async fn end(&self, digest: &SessionDigest) -> Result<(), StoreError>;

    /// Removes sessions that began before the one instant or were last used before the other, at most
    /// [`FORGOTTEN_AT_ONCE`] of them.
    async fn forget(&self, began: Timestamp, seen: Timestamp) -> Result<(), StoreError>;
}

/// How many sessions a token has, at most.
pub const SESSIONS_PER_TOKEN: u32 = 20;

/// How many sessions are removed at once, at most.
pub const FORGOTTEN_AT_ONCE: u32 = 100;
