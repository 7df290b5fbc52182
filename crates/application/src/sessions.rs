//! Sessions of people who sign in with a token: a browser gets a random id instead of the secret,
//! and each request finds out anew what the id may do. A session never outlives its token, its
//! secret, or its limits.

use std::{fmt, sync::Arc};

use countersign_domain::{Authorized, Credential, ReadTokens, SecretDigest, Timestamp};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    UseCaseError,
    ports::{Clock, Entropy, Session, SessionDigest, SessionStore, StoreError, TokenStore},
};

/// The number of seconds after which a use is stored again.
const NOTED: u32 = 60;
/// The maximum number of seconds by which the clock of the node that wrote a session may be ahead:
/// far more than the clocks of ready nodes differ by.
const AHEAD: u32 = 60;

/// The session id that a browser has: 256 random bits as 64 hexadecimal digits. Dropping it clears
/// its memory; `Debug` prints a fixed word, and there is no `Display`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionId([u8; 64]);

/// The text is not a session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not the id of a session")]
pub struct MalformedSessionId;

impl SessionId {
    /// Creates an id from the caller's 256 random bits.
    #[must_use]
    pub fn from_random(random: &[u8; 32]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(random) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(text)
    }

    /// Checks a text before any look-up.
    ///
    /// # Errors
    /// Returns an error if the text cannot be an id.
    pub fn parse(text: &str) -> Result<Self, MalformedSessionId> {
        let bytes: &[u8; 64] = text.as_bytes().try_into().map_err(|_| MalformedSessionId)?;
        let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if bytes.iter().all(digit) {
            Ok(Self(*bytes))
        } else {
            Err(MalformedSessionId)
        }
    }

    /// The text, for the browser of the session.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Both constructors leave ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn digest(&self) -> SessionDigest {
        SessionDigest::from_bytes(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(hidden)")
    }
}

/// How long sessions last, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// The maximum time without a use.
    pub idle: u32,
    /// The maximum time in all.
    pub longest: u32,
}

impl Default for SessionLimits {
    /// Half an hour without a use, twelve hours in all.
    fn default() -> Self {
        Self {
            idle: 30 * 60,
            longest: 12 * 60 * 60,
        }
    }
}

impl SessionLimits {
    /// No node began a session that is dated in the future: a person who could write to the
    /// database once would otherwise be signed in for as long as they liked.
    fn is_over(self, session: &Session, now: Timestamp) -> bool {
        let latest = now.plus_seconds(AHEAD);
        now >= session.seen.plus_seconds(self.idle)
            || now >= session.began.plus_seconds(self.longest)
            || session.began > latest
            || session.seen > latest
    }
}

/// The facts of a session, which the caller lets a gate judge by time, address and permission.
#[derive(Debug, Clone)]
pub struct ActiveSession {
    /// The facts of the secret that was presented.
    pub credential: Arc<Credential>,
    /// The digest of that secret.
    pub digest: SecretDigest,
}

/// The use cases of sessions.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    tokens: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: SessionLimits,
}

impl Sessions {
    /// Creates the use cases over two stores.
    #[must_use]
    pub fn new(
        store: Arc<dyn SessionStore>,
        tokens: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: SessionLimits,
    ) -> Self {
        Self {
            store,
            tokens,
            clock,
            entropy,
            limits,
        }
    }

    /// Begins a session for an actor that presented a secret and may read, which every page
    /// requires. Sessions that are over are deleted on the way.
    ///
    /// # Errors
    /// Returns [`UseCaseError::ActorGone`] if the actor has no secret; fails without random bytes,
    /// or with the store.
    pub async fn begin(&self, by: &Authorized<ReadTokens>) -> Result<SessionId, UseCaseError> {
        let actor = by.actor();
        let (Some(token), Some(secret)) = (actor.token, actor.secret) else {
            return Err(UseCaseError::ActorGone);
        };
        let mut random = Zeroizing::new([0; 32]);
        self.entropy.fill(&mut *random)?;
        let id = SessionId::from_random(&random);
        let now = self.clock.now();
        let ago = |seconds: u32| now.minus_seconds(seconds.into());
        let (began, seen) = (ago(self.limits.longest), ago(self.limits.idle));
        self.store.forget(began, seen).await?;
        let session = Session {
            digest: id.digest(),
            tenant: actor.tenant,
            token,
            secret,
            began: now,
            seen: now,
        };
        self.store.begin(&session).await?;
        Ok(id)
    }

    /// The facts of a session; `None` if it is over, was ended, or its secret belongs to no token
    /// any more.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn resume(&self, id: &SessionId) -> Result<Option<ActiveSession>, UseCaseError> {
        let digest = id.digest();
        let session = match self.store.session(&digest).await {
            // A row that cannot be read is no session: its owner signs in again.
            Err(StoreError::Corrupt { .. }) => None,
            found => found?,
        };
        let Some(session) = session else {
            return Ok(None);
        };
        let now = self.clock.now();
        if self.limits.is_over(&session, now) {
            return Ok(None);
        }
        let Some(credential) = self.tokens.find(&session.secret).await? else {
            return Ok(None);
        };
        if now >= session.seen.plus_seconds(self.noted()) {
            // Best effort: if this write fails, the session only ends earlier.
            let _ = self.store.record_activity(&digest, now).await;
        }
        Ok(Some(ActiveSession {
            credential: Arc::new(credential),
            digest: session.secret,
        }))
    }

    /// Ends a session on every node.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn end(&self, id: &SessionId) -> Result<(), UseCaseError> {
        Ok(self.store.end(&id.digest()).await?)
    }

    /// The interval of updates, short enough that an active person never counts as idle.
    fn noted(&self) -> u32 {
        NOTED.min(self.limits.idle / 4)
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
