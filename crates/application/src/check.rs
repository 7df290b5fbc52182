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
        Ok(Arc::new(credential).admit(&attempt)?)
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::{Credential, standard::TASKS_READ};

    use super::*;
    use crate::{ports::MockTokenStore, samples};

    fn credential() -> Credential {
        let view = samples::view(1, 3);
        Credential {
            tenant: view.token.tenant,
            token: view.token.id,
            version: view.token.version,
            user: view.token.user,
            user_name: view.token.name.as_str().into(),
            permissions: view.token.permissions,
            addresses: view.token.addresses,
            expiry: view.token.expiry,
            retires: None,
            created: view.token.created,
            modified: view.token.modified,
        }
    }

    async fn admit(
        store: MockTokenStore,
        presented: &str,
        permission: Option<&Permission>,
    ) -> Result<Grant, Rejected> {
        Check::new(Arc::new(store), Arc::new(samples::clock()))
            .admit(presented, None, permission)
            .await
    }

    #[tokio::test]
    async fn a_known_secret_is_judged_by_its_facts() {
        let secret = Secret::from_random(&[1; 32]);
        let knowing = || {
            let mut store = MockTokenStore::new();
            let digest = Secret::from_random(&[1; 32]).digest();
            store
                .expect_find()
                .withf(move |asked| *asked == digest)
                .times(1)
                .returning(|_| Ok(Some(credential())));
            store
        };
        let grant = admit(knowing(), secret.expose(), Some(&TASKS_READ))
            .await
            .unwrap();
        assert_eq!(*grant.credential, credential());
        let lacking = admit(
            knowing(),
            secret.expose(),
            Some(&countersign_domain::standard::TASKS_WRITE),
        )
        .await;
        assert!(matches!(
            lacking,
            Err(Rejected::Denied(Denied::MissingPermission(_)))
        ));
    }

    #[tokio::test]
    async fn what_is_no_secret_never_reaches_the_store() {
        let mut altered = Secret::from_random(&[1; 32]).expose().to_owned();
        altered.pop();
        for text in ["", "csg_", "x", &altered, &format!("{altered}!")] {
            let mut store = MockTokenStore::new();
            store.expect_find().never();
            assert!(
                matches!(admit(store, text, None).await, Err(Rejected::Invalid)),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn an_unknown_secret_is_not_a_fault_and_a_fault_is_not_an_unknown_secret() {
        let secret = Secret::from_random(&[1; 32]);
        let mut unknown = MockTokenStore::new();
        unknown.expect_find().returning(|_| Ok(None));
        assert!(matches!(
            admit(unknown, secret.expose(), None).await,
            Err(Rejected::Invalid)
        ));
        let mut broken = MockTokenStore::new();
        broken.expect_find().returning(|_| Err(samples::away()));
        assert!(matches!(
            admit(broken, secret.expose(), None).await,
            Err(Rejected::Store(_))
        ));
    }
}
