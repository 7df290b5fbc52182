//! Another Countersign as the source: it is asked over HTTP, and it tells what changes, so that a service far from any
//! database cuts tokens off as fast as a node does.

mod client;
mod events;
mod follow;
mod seen_versions;
mod verify_response;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use countersign_domain::{Credential, Secret};
use http::{HeaderValue, Method, StatusCode, Uri};
use thiserror::Error;

use self::{
    client::{CallError, VerifyClient},
    seen_versions::SeenVersions,
    verify_response::VerifyResponse,
};
use crate::{Aged, CredentialSource, PresentedSecret, SourceError};

/// How long an answer may take, all of it.
const DEADLINE: Duration = Duration::from_secs(2);

/// How often a node is asked that has not yet heard of a change that this service has, and how long in between.
const TRIES: usize = 4;
const BETWEEN: Duration = Duration::from_millis(50);

/// Why there can be no such source.
#[derive(Debug, Error)]
pub enum InvalidRemote {
    /// The text is not an address that a Countersign could be reached at.
    #[error("not an address such as https://countersign.example (https needs the feature tls)")]
    Base,
    /// Whom this machine trusts cannot be read.
    #[error("the certificates that this machine trusts cannot be read")]
    Certificates(#[source] std::io::Error),
}

/// A Countersign at some address, as the source of facts. To be put behind a
/// [`CachedSource`](crate::CachedSource) that [`follow`](Self::follow) keeps right.
pub struct Remote {
    client: VerifyClient,
    verify: Uri,
    changes: Uri,
    bearer: HeaderValue,
    recent: SeenVersions,
    /// Whether it was told that this service's own token is not accepted.
    refused: AtomicBool,
}

impl Remote {
    /// A Countersign at a base address, asked with a token of this service's own that holds `api.api-tokens.read`. Only
    /// tokens of that token's tenant are known to it.
    ///
    /// # Errors
    /// When the address cannot be one, or no certificates can be read.
    pub fn new(base: &str, own: &Secret) -> Result<Self, InvalidRemote> {
        let base = base.trim_end_matches('/');
        let at = |path: &str| -> Result<Uri, InvalidRemote> {
            let uri: Uri = format!("{base}/api/v1/{path}")
                .parse()
                .map_err(|_| InvalidRemote::Base)?;
            let plain = uri.query().is_none() && uri.authority().is_some();
            let spoken = uri.scheme_str() == Some("http")
                || (cfg!(feature = "tls") && uri.scheme_str() == Some("https"));
            (plain && spoken).then_some(uri).ok_or(InvalidRemote::Base)
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", own.expose()))
            .map_err(|_| InvalidRemote::Base)?;
        bearer.set_sensitive(true);
        Ok(Self {
            client: VerifyClient::new().map_err(InvalidRemote::Certificates)?,
            verify: at("api-tokens/verify")?,
            changes: at("changes")?,
            bearer,
            recent: SeenVersions::default(),
            refused: AtomicBool::new(false),
        })
    }

    /// Says once, until it is accepted again, that this service's own token is not.
    fn note_status(&self, status: StatusCode) {
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if self.refused.swap(refused, Ordering::Relaxed) != refused && refused {
            tracing::error!(
                status = status.as_u16(),
                "Countersign does not accept this service's own token: no request can be checked"
            );
        }
    }

    async fn ask(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        let question = serde_json::json!({ "token": presented.secret().expose() });
        let body = question.to_string().into_bytes();
        let answer = self
            .client
            .call(Method::POST, &self.verify, &self.bearer, None, body);
        let answer = answer.await.map_err(SourceError::away)?;
        self.note_status(answer.status());
        if answer.status() != StatusCode::OK {
            return Err(SourceError::away(CallError::Status(answer.status())));
        }
        let age = client::age(&answer);
        let body = client::whole(answer).await.map_err(SourceError::away)?;
        let verdict: VerifyResponse = serde_json::from_slice(&body).map_err(SourceError::broken)?;
        let facts = verdict.facts().map_err(SourceError::broken)?;
        Ok(facts.map(|facts| Aged {
            credential: Arc::new(facts),
            age,
        }))
    }
}

#[async_trait]
impl CredentialSource for Remote {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let found = self.find_aged(presented).await?;
        Ok(found.map(|dated| dated.credential))
    }

    async fn find_aged(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        for _ in 0..TRIES {
            let asked = tokio::time::timeout(DEADLINE, self.ask(presented)).await;
            let Some(facts) = asked.map_err(|_| SourceError::away(CallError::Late))?? else {
                return Ok(None);
            };
            if self.recent.is_current(&facts.credential) {
                return Ok(Some(facts));
            }
            tokio::time::sleep(BETWEEN).await;
        }
        // Of this one token only.
        Err(SourceError::broken(CallError::Behind))
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("verify", &self.verify)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod fake_server;
#[cfg(test)]
mod tests;
