//! Signing in with a token: a browser gets a random id instead of the secret, and what the id may do is found out anew on
//! each request. A session never outlives its token, its secret, or the patience of its limits.

use std::{fmt, sync::Arc};

use countersign_domain::{Credential, Grant, SecretDigest, Timestamp};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    UseCaseError,
    ports::{Clock, Entropy, Session, SessionDigest, SessionStore, StoreError, TokenStore},
};

/// How many seconds may pass before a use is noted again.
const NOTED: u32 = 60;
/// By how many seconds the clock of the node that wrote a session may be ahead: far more than the
/// clocks of nodes that are ready differ by.
const AHEAD: u32 = 60;

/// What a browser is known by: 256 random bits as 64 hexadecimal digits. Its memory is cleared when it goes; `Debug` prints
/// a fixed word, and there is no `Display`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionId([u8; 64]);

/// The text is no session's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not the id of a session")]
pub struct MalformedSessionId;

impl SessionId {
    /// An id from 256 random bits, the caller's.
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

    /// Checks a text before anybody looks it up.
    ///
    /// # Errors
    /// When it cannot be an id.
    pub fn parse(text: &str) -> Result<Self, MalformedSessionId> {
        let bytes: &[u8; 64] = text.as_bytes().try_into().map_err(|_| MalformedSessionId)?;
        let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if bytes.iter().all(digit) {
            Ok(Self(*bytes))
        } else {
            Err(MalformedSessionId)
        }
    }

    /// The text, for the browser that it belongs to.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Both ways to make one leave ASCII behind.
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
    /// Without a use.
    pub idle: u32,
    /// Altogether.
    pub longest: u32,
}

impl Default for SessionLimits {
    /// Half an hour without a use, twelve hours altogether.
    fn default() -> Self {
        Self {
            idle: 30 * 60,
            longest: 12 * 60 * 60,
        }
    }
}

impl SessionLimits {
    /// A session of the future is none that a node began: somebody who could write to the database
    /// once would otherwise be signed in for as long as they liked.
    fn is_over(self, session: &Session, now: Timestamp) -> bool {
        let latest = now.plus_seconds(AHEAD);
        now >= session.seen.plus_seconds(self.idle)
            || now >= session.began.plus_seconds(self.longest)
            || session.began > latest
            || session.seen > latest
    }
}

/// What stands behind a session now: facts, which whoever asked lets a gate judge by time, place and permission.
#[derive(Debug, Clone)]
pub struct ActiveSession {
    /// The facts behind the secret that was presented.
    pub credential: Arc<Credential>,
    /// Of that secret.
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
    /// The use cases over two stores.
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

    /// Begins a session for whoever was admitted by a secret. What is over meanwhile is cleared away on the way.
    ///
    /// # Errors
    /// [`UseCaseError::ActorGone`] where the grant tells no secret, no entropy, a store's fault.
    pub async fn begin(&self, grant: &Grant) -> Result<SessionId, UseCaseError> {
        let secret = grant.secret.ok_or(UseCaseError::ActorGone)?;
        let mut random = Zeroizing::new([0; 32]);
        self.entropy.fill(&mut *random)?;
        let id = SessionId::from_random(&random);
        let now = self.clock.now();
        let ago = |seconds: u32| now.minus_seconds(seconds.into());
        let (began, seen) = (ago(self.limits.longest), ago(self.limits.idle));
        self.store.forget(began, seen).await?;
        let session = Session {
            digest: id.digest(),
            tenant: grant.credential.tenant,
            token: grant.credential.token,
            secret,
            began: now,
            seen: now,
        };
        self.store.begin(&session).await?;
        Ok(id)
    }

    /// What stands behind a session now; `None` where it is over, was ended, or its secret leads to no token any more.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn resume(&self, id: &SessionId) -> Result<Option<ActiveSession>, UseCaseError> {
        let digest = id.digest();
        let session = match self.store.session(&digest).await {
            // A row that cannot be read stands for nobody: whoever has its id signs in anew.
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
            // That somebody is there is no part of any record. Where it cannot be noted, the session ends a little
            // sooner, which is no reason to keep them from reading.
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
    /// A store's fault.
    pub async fn end(&self, id: &SessionId) -> Result<(), UseCaseError> {
        Ok(self.store.end(&id.digest()).await?)
    }

    /// Often enough that nobody who goes on is taken for idle.
    fn noted(&self) -> u32 {
        NOTED.min(self.limits.idle / 4)
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
