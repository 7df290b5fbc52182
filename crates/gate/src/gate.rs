//! The check in front of everything: on every request the presented secret is parsed, looked up and
//! judged, in this order. All endpoints of Countersign use it, so none of them can be more lenient
//! than another.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use countersign_domain::{Attempt, Credential, Denied, Grant, Permission, SecretDigest, Timestamp};
use http::{Extensions, HeaderMap};
use ipnet::IpNet;

use crate::{
    Aged, CheckError, Clock, CredentialSource, GateLayer, Peer, PresentedSecret, ProxyHeader,
    TokenHeaders, client_address::client_address,
};

/// Observer of admitted requests. The call is part of the request, so it must not block.
pub trait UsageObserver: Send + Sync {
    /// Reports that the secret was used under this grant.
    fn admitted(&self, digest: &SecretDigest, grant: &Grant, at: Timestamp);
}

/// The proxies that are trusted about a client's address; none by default.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Their networks.
    pub trusted: Vec<IpNet>,
    /// The header in which they send it.
    pub header: ProxyHeader,
}

/// The facts of a presented secret, not yet judged.
#[derive(Debug, Clone)]
pub struct FoundCredential {
    /// The facts.
    pub credential: Arc<Credential>,
    /// The secret's digest.
    pub digest: SecretDigest,
    /// The time since the facts were looked up, if they were cached.
    pub age: Duration,
}

/// Finds the peer of a request in its extensions.
pub type FindPeer = fn(&Extensions) -> Option<SocketAddr>;

/// The check: it admits requests by the facts of a source. A clone is cheap.
#[derive(Clone)]
pub struct Gate(Arc<GateInner>);

#[derive(Clone)]
struct GateInner {
    source: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    uses: Option<Arc<dyn UsageObserver>>,
    proxies: Proxies,
    token_headers: TokenHeaders,
    find_peer: FindPeer,
}

impl Gate {
    /// Creates a gate with this source of facts and this clock, and without trusted proxies.
    pub fn new(source: Arc<dyn CredentialSource>, clock: impl Clock + 'static) -> Self {
        Self(Arc::new(GateInner {
            source,
            clock: Arc::new(clock),
            uses: None,
            proxies: Proxies::default(),
            token_headers: TokenHeaders::default(),
            find_peer: |extensions| extensions.get::<Peer>().map(|peer| peer.0),
        }))
    }

    /// Trusts these proxies about the client's address.
    #[must_use]
    pub fn with_proxies(mut self, proxies: Proxies) -> Self {
        Arc::make_mut(&mut self.0).proxies = proxies;
        self
    }

    /// Takes tokens from these headers besides `Authorization: Bearer`.
    #[must_use]
    pub fn with_token_headers(mut self, token_headers: TokenHeaders) -> Self {
        Arc::make_mut(&mut self.0).token_headers = token_headers;
        self
    }

    /// The headers from which tokens are taken.
    #[must_use]
    pub fn token_headers(&self) -> &TokenHeaders {
        &self.0.token_headers
    }

    /// Reports each admitted request to this observer.
    #[must_use]
    pub fn with_uses(mut self, uses: Arc<dyn UsageObserver>) -> Self {
        Arc::make_mut(&mut self.0).uses = Some(uses);
        self
    }

    /// Sets where the server puts the peer among a request's extensions, if not in a [`Peer`].
    #[must_use]
    pub fn with_peer(mut self, find_peer: FindPeer) -> Self {
        Arc::make_mut(&mut self.0).find_peer = find_peer;
        self
    }

    /// Admits a request by its secret, its address (`None` = unknown), and the permission that it
    /// needs (`None` = any live token is enough).
    ///
    /// # Errors
    /// Returns the reason to refuse the request, or that the source could not answer.
    pub async fn check(
        &self,
        presented: &str,
        address: Option<IpAddr>,
        permission: Option<&Permission>,
    ) -> Result<Grant, CheckError> {
        let known = self.look_up(presented).await?;
        Ok(self.admit(&known, address, permission)?)
    }

    /// Looks up the facts of a presented secret, for callers that judge them in more than one way.
    ///
    /// # Errors
    /// Returns an error if no token has this secret, or if the source could not answer.
    pub async fn look_up(&self, presented: &str) -> Result<FoundCredential, CheckError> {
        let presented = PresentedSecret::parse(presented)?;
        let source = &self.0.source;
        let found = match source.try_now(&presented) {
            Poll::Ready(answer) => answer,
            Poll::Pending => source.find_aged(&presented).await?,
        };
        let Aged { credential, age } = found.ok_or(CheckError::Invalid)?;
        Ok(FoundCredential {
            credential,
            digest: *presented.digest(),
            age,
        })
    }

    /// Judges known facts for one request at the current instant. The clock is read after the
    /// look-up, so that a slow source never prolongs a token.
    ///
    /// # Errors
    /// Returns the reason to refuse the request.
    pub fn admit(
        &self,
        known: &FoundCredential,
        address: Option<IpAddr>,
        permission: Option<&Permission>,
    ) -> Result<Grant, Denied> {
        let attempt = Attempt {
            now: self.0.clock.now(),
            address,
            permission,
        };
        let mut grant = known.credential.admit(&attempt)?;
        grant.secret = Some(known.digest);
        if let Some(uses) = &self.0.uses {
            uses.admitted(&known.digest, &grant, attempt.now);
        }
        Ok(grant)
    }

    /// The client's address, if it is known; see [`client_address`].
    #[must_use]
    pub fn client_address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let proxies = &self.0.proxies;
        client_address(peer, headers, &proxies.trusted, proxies.header)
    }

    /// A layer that admits requests of any live token.
    #[must_use]
    pub fn layer(&self) -> GateLayer {
        GateLayer::new(self.clone(), None)
    }

    /// A layer that admits requests of live tokens with this permission.
    #[must_use]
    pub fn require(&self, permission: Permission) -> GateLayer {
        GateLayer::new(self.clone(), Some(permission))
    }

    pub(crate) fn peer(&self, extensions: &Extensions) -> Option<SocketAddr> {
        (self.0.find_peer)(extensions)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("proxies", &self.0.proxies)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
