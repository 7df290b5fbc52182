//! Who sends a request: the first step of every operation.

use std::{net::IpAddr, sync::Arc};

use countersign_domain::{Attempt, Denied, Grant, Permission, Secret};
use thiserror::Error;

use crate::ports::{Clock, StoreFault, TokenStore};

/// Why a request may not go on.
#[derive(Debug, Error)]
pub enum Rejected {
    /// Malformed, unknown or revoked: which one is not told.
    #[error("the token is not valid")]
    Invalid,
    /// The token is known, but not good for this request.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Whether the token is good could not be told.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// Checks what a request presents.
#[derive(Clone)]
pub struct Check {
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
}

impl Check {
    /// A check against a store's facts.
    #[must_use]
    pub fn new(store: Arc<dyn TokenStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Admits a request by what it presents as its Bearer, where it comes from, and what it wants to do.
    ///
    /// # Errors
    /// Why it is not admitted, or that this could not be told.
    pub async fn admit(
        &self,
        presented: &str,
        address: Option<IpAddr>,
        permission: Option<&Permission>,
    ) -> Result<Grant, Rejected> {
        let digest = Secret::parse(presented)
            .map_err(|_| Rejected::Invalid)?
            .digest();
        let credential = self.store.find(&digest).await?.ok_or(Rejected::Invalid)?;
        // The time is taken after the look-up, so that a slow store never lends a token time.
        let attempt = Attempt {
            now: self.clock.now(),
            address,
            permission,
        };
        Ok(credential.admit(&attempt)?)
    }
}
