//! Where facts come from: a database, another Countersign, or a cache before either. What a source cannot tell is
//! never the same as what is not there.

use std::{error::Error, fmt, sync::Arc, task::Poll, time::Duration};

use async_trait::async_trait;
use countersign_domain::Credential;

use crate::PresentedSecret;

/// Facts, and how long ago they were good at the latest.
#[derive(Debug, Clone)]
pub struct Aged {
    /// The facts.
    pub credential: Arc<Credential>,
    /// How long ago whoever holds them began to look them up; zero where nobody held them.
    pub age: Duration,
}

impl From<Arc<Credential>> for Aged {
    fn from(credential: Arc<Credential>) -> Self {
        let age = Duration::ZERO;
        Self { credential, age }
    }
}

/// Knows the facts behind secrets.
///
/// # Contract
/// - `None` means that nobody holds this secret now: it was never made, it was revoked, or its user was closed.
/// - Facts are as they were committed at some instant after the call began, unless the source says how old they may be.
/// - Whoever asks judges the expiry, and the end of a secret that was replaced.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The facts behind a secret.
    ///
    /// # Errors
    /// When the source cannot tell.
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError>;

    /// The same with their age, where the source holds facts or asks one that does. Whoever holds them on counts from
    /// there, so that several who hold facts, one behind the other, together hold none for longer than one would.
    ///
    /// # Errors
    /// When the source cannot tell.
    async fn find_aged(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        Ok(self.find(presented).await?.map(Aged::from))
    }

    /// The facts, where they can be had without waiting; pending where
    /// [`find_aged`](Self::find_aged) has to be asked. Nobody is woken for it.
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

    fn try_now(&self, presented: &PresentedSecret) -> Poll<Option<Aged>> {
        (**self).try_now(presented)
    }
}

/// Why a source cannot tell. Copies share the cause, because several requests may wait for one answer.
#[derive(Debug, Clone)]
pub struct SourceError {
    away: bool,
    cause: Arc<dyn Error + Send + Sync>,
}

impl SourceError {
    /// The source is away, slow or full, whatever it is asked; trying again later may help.
    pub fn away(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            away: true,
            cause: Arc::from(cause.into()),
        }
    }

    /// The source answers, but what it holds behind this one secret cannot be used, such as a corrupt row.
    pub fn broken(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            away: false,
            cause: Arc::from(cause.into()),
        }
    }

    /// Whether it is the source as a whole that does not answer.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        self.away
    }

    /// The cause, which `downcast_ref` tells more about.
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
