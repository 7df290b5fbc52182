//! Sources of facts: a database, another Countersign, or a cache in front of either. A source that
//! cannot answer never reports a token as unknown.

use std::{error::Error, fmt, sync::Arc, task::Poll, time::Duration};

use async_trait::async_trait;
use countersign_domain::{Credential, SecretDigest};

use crate::PresentedSecret;

/// Facts with their age.
#[derive(Debug, Clone)]
pub struct Aged {
    /// The facts.
    pub credential: Arc<Credential>,
    /// The time since a cache began to look them up; zero if no cache held them.
    pub age: Duration,
}

impl From<Arc<Credential>> for Aged {
    fn from(credential: Arc<Credential>) -> Self {
        let age = Duration::ZERO;
        Self { credential, age }
    }
}

/// A source of the facts of secrets.
///
/// # Contract
/// - `None` means that no token has this secret now: it was never made, the token was revoked, or
///   its user was closed.
/// - Facts are as they were committed at some instant after the call began, unless the source
///   reports their age.
/// - The caller judges the expiry, and the end of a secret that was replaced.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// Returns the facts of a secret.
    ///
    /// # Errors
    /// Returns an error if the source cannot answer.
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError>;

    /// Returns the facts with their age, if the source caches facts or asks one that does. A cache
    /// in front goes on counting from that age, so that several caches in a row together keep no
    /// facts for longer than one would.
    ///
    /// # Errors
    /// Returns an error if the source cannot answer.
    async fn find_aged(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        Ok(self.find(presented).await?.map(Aged::from))
    }

    /// The facts behind a secret of which only the digest is known, for whoever holds facts and looks
    /// them up again.
    ///
    /// # Errors
    /// When the source cannot tell, as one that has to be shown the secret itself.
    async fn find_by_digest(
        &self,
        digest: &SecretDigest,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let _ = digest;
        Err(SourceError::broken("it has to be shown the secret"))
    }

    /// Returns the facts if they are available without waiting; pending if
    /// [`find_aged`](Self::find_aged) has to be called. It registers no waker.
    fn try_now(&self, presented: &PresentedSecret) -> Poll<Option<Aged>> {
        let _ = presented;
        Poll::Pending
    }
}

#[async_trait]
impl<S: CredentialSource + ?Sized> CredentialSource for Arc<S> {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        (**self).find(presented).await
    }

    async fn find_aged(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        (**self).find_aged(presented).await
    }

    async fn find_by_digest(
        &self,
        digest: &SecretDigest,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        (**self).find_by_digest(digest).await
    }

    fn try_now(&self, presented: &PresentedSecret) -> Poll<Option<Aged>> {
        (**self).try_now(presented)
    }
}

/// Reason why a source cannot answer. Clones share the cause, because several requests may wait for
/// one answer.
#[derive(Debug, Clone)]
pub struct SourceError {
    away: bool,
    cause: Arc<dyn Error + Send + Sync>,
}

impl SourceError {
    /// The source is unreachable, slow or full, whatever it is asked; another try later may help.
    pub fn away(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            away: true,
            cause: Arc::from(cause.into()),
        }
    }

    /// The source answers, but its data for this one secret is unusable, such as a corrupt row.
    pub fn broken(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            away: false,
            cause: Arc::from(cause.into()),
        }
    }

    /// Whether the source as a whole does not answer.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        self.away
    }

    /// The cause, for `downcast_ref`.
    #[must_use]
    pub fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.cause
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whether the token is good could not be told")
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_keeps_its_cause_and_its_kind() {
        let cause = std::io::Error::from(std::io::ErrorKind::TimedOut);
        let away = SourceError::away(cause).clone();
        assert!(away.is_away() && away.cause().is::<std::io::Error>());
        let broken = SourceError::broken("a row that nobody wrote");
        assert!(!broken.is_away());
        assert_eq!(
            broken.source().unwrap().to_string(),
            "a row that nobody wrote"
        );
    }
}
