//! Sessions of people in browsers. A session stands for a secret that somebody presented once. Its
//! rights follow from the facts of that secret, which are looked up on each request, and not from
//! anything that is stored here.

use std::fmt;

use async_trait::async_trait;
use countersign_domain::{SecretDigest, TenantId, Timestamp, TokenId};

use super::StoreError;

/// The SHA-256 of a session's id, which is all that a store keeps of it. `Debug` shows its first 8
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionDigest([u8; 32]);

impl SessionDigest {
    /// Takes a digest in the form that a store keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest in the form that a store keeps.
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

/// A stored session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Digest of the session id.
    pub digest: SessionDigest,
    /// The tenant of the token.
    pub tenant: TenantId,
    /// The token that it stands for.
    pub token: TokenId,
    /// Digest of the secret that was presented.
    pub secret: SecretDigest,
    /// The instant of the sign-in.
    pub began: Timestamp,
    /// The instant of the last use, to about a minute.
    pub seen: Timestamp,
}

/// The store of sessions.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores a new session. Of its token's sessions the newest [`SESSIONS_PER_TOKEN`] stay; the
    /// oldest end, on whatever node and by however many calls at once they began.
    async fn begin(&self, session: &Session) -> Result<(), StoreError>;

    /// The session with that digest, whether or not it is over.
    async fn session(&self, digest: &SessionDigest) -> Result<Option<Session>, StoreError>;

    /// Records a use; the latest counts. Does nothing for a session that does not exist.
    async fn record_activity(
        &self,
        digest: &SessionDigest,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends a session for good; does nothing for a session that does not exist.
    async fn end(&self, digest: &SessionDigest) -> Result<(), StoreError>;

    /// Deletes sessions that began before the first instant or were last used before the second, at
    /// most [`FORGOTTEN_AT_ONCE`] of them.
    async fn forget(&self, began: Timestamp, seen: Timestamp) -> Result<(), StoreError>;
}

/// The maximum number of sessions of a token.
pub const SESSIONS_PER_TOKEN: u32 = 20;

/// The maximum number of sessions that are deleted at once.
pub const FORGOTTEN_AT_ONCE: u32 = 100;
