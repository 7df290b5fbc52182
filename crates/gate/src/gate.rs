//! The check that stands before everything: what is presented is parsed, looked up and judged, in this order, on every
//! request anew. Every door of Countersign goes through here, so that none of them can be more lenient than another.

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
    client_address::client_address,
};

/// Is told of every admitted request, on its way: it must not wait.
pub trait UsageObserver: Send + Sync {
    /// The secret was used under this grant.
    fn admitted(&self, digest: &SecretDigest, grant: &Grant, at: Timestamp);
}

/// The proxies whose word on a client's address is taken; none by default.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Their networks.
    pub trusted: Vec<IpNet>,
    /// The header in which they tell it.
    pub header: ProxyHeader,
}

/// The facts behind a secret that was presented, not yet judged.
#[derive(Debug, Clone)]
pub struct FoundCredential {
    /// The facts.
    pub credential: Arc<Credential>,
    /// The secret's digest.
    pub digest: SecretDigest,
    /// How long ago the facts were looked up, where they were held since.
    pub age: Duration,
}

/// Where a request's extensions tell the peer that sent it.
pub type FindPeer = fn(&Extensions) -> Option<SocketAddr>;

/// Admits requests by the facts of a source. Cloning is cheap.
#[derive(Clone)]
pub struct Gate(Arc<GateInner>);

#[derive(Clone)]
struct GateInner {
    source: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    uses: Option<Arc<dyn UsageObserver>>,
    proxies: Proxies,
    find_peer: FindPeer,
}

impl Gate {
    /// A gate that takes its facts from this source and its time from this clock, and believes no proxy.
    pub fn new(source: Arc<dyn CredentialSource>, clock: impl Clock + 'static) -> Self {
        Self(Arc::new(GateInner {
            source,
            clock: Arc::new(clock),
            uses: None,
            proxies: Proxies::default(),
            find_peer: |extensions| extensions.get::<Peer>().map(|peer| peer.0),
        }))
    }

    /// Believes these proxies about the client's address.
    #[must_use]
    pub fn with_proxies(mut self, proxies: Proxies) -> Self {
        Arc::make_mut(&mut self.0).proxies = proxies;
        self
    }

    /// Tells of each admitted request.
    #[must_use]
    pub fn with_uses(mut self, uses: Arc<dyn UsageObserver>) -> Self {
        Arc::make_mut(&mut self.0).uses = Some(uses);
        self
    }

    /// Finds the peer elsewhere than in a [`Peer`] among a request's extensions: where the server puts it.
    #[must_use]
    pub fn with_peer(mut self, find_peer: FindPeer) -> Self {
        Arc::make_mut(&mut self.0).find_peer = find_peer;
        self
    }

    /// Admits a request by what it presents, where it comes from (`None` = that could not be told), and what it wants to
    /// do (`None` = any live token will do).
    ///
    /// # Errors
    /// Why it is not admitted, or that this could not be told.
    pub async fn check(
        &self,
        presented: &str,
        address: Option<IpAddr>,
        permission: Option<&Permission>,
    ) -> Result<Grant, CheckError> {
        let known = self.look_up(presented).await?;
        Ok(self.admit(&known, address, permission)?)
    }

    /// Finds the facts behind what is presented, for whoever judges them in more than one way.
    ///
    /// # Errors
    /// That nobody holds this secret, or that this could not be told.
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

    /// Judges known facts for one request, as of now: the time is taken after the look-up, so that a slow source never
    /// lends a token time.
    ///
    /// # Errors
    /// Why the request may not go on.
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

    /// The client's address as far as it can be told; see [`client_address`].
    #[must_use]
    pub fn client_address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let proxies = &self.0.proxies;
        client_address(peer, headers, &proxies.trusted, proxies.header)
    }

    /// A layer that lets requests of any live token through.
    #[must_use]
    pub fn layer(&self) -> GateLayer {
        GateLayer::new(self.clone(), None)
    }

    /// A layer that lets requests of live tokens with this permission through.
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
