//! Another Countersign as the source: lookups go over HTTP, and its stream reports changes, so a
//! service far from any database cuts tokens off as fast as a node does.

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

/// The deadline of a whole answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// How often to ask a node that does not know a change which this service knows, and the pause in
/// between.
const TRIES: usize = 4;
const BETWEEN: Duration = Duration::from_millis(50);

/// Reason why the source cannot be created.
#[derive(Debug, Error)]
pub enum InvalidRemote {
    /// The text is not the address of a Countersign.
    #[error("not an address such as https://countersign.example (https needs the feature tls)")]
    Base,
    /// The machine's certificate roots cannot be read.
    #[error("the certificates that this machine trusts cannot be read")]
    Certificates(#[source] std::io::Error),
}

/// A Countersign at some address, as the source of facts. Put it behind a
/// [`CachedSource`](crate::CachedSource) that [`follow`](Self::follow) invalidates.
pub struct Remote {
    client: VerifyClient,
    verify: Uri,
    changes: Uri,
    bearer: HeaderValue,
    recent: SeenVersions,
    /// Whether Countersign refused this service's own token.
    refused: AtomicBool,
}

impl Remote {
    /// Creates a source for the Countersign at a base address. `own` is this service's own token,
    /// which needs `api.api-tokens.read`. The source knows only tokens of that token's tenant.
    ///
    /// # Errors
    /// Returns an error if the address is not valid, or if no certificates can be read.
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

    /// Logs once that this service's own token is refused, until it is accepted again.
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
        // The error concerns only this token.
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
