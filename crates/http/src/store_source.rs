//! A store as the gate's source of facts. The crates of the store and the gate do not depend on
//! each other, so that the gate can serve programs without a store; this crate depends on both.

use std::sync::Arc;

use countersign_application::ports::{StoreError, TokenStore};
use countersign_domain::{Credential, SecretDigest};
use countersign_gate::{CredentialSource, PresentedSecret, SourceError, async_trait};

/// The facts in a store.
#[derive(Clone)]
pub struct StoreSource(Arc<dyn TokenStore>);

impl StoreSource {
    /// Creates a source of this store's facts.
    pub fn new(store: Arc<dyn TokenStore>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl CredentialSource for StoreSource {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        self.find_by_digest(presented.digest()).await
    }

    async fn find_by_digest(
        &self,
        digest: &SecretDigest,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        match self.0.find(digest).await {
            Ok(found) => Ok(found.map(Arc::new)),
            Err(fault @ (StoreError::Unavailable(_) | StoreError::Unwritable(_))) => {
                Err(SourceError::away(fault))
            }
            Err(StoreError::Corrupt { table, column }) => {
                tracing::error!(table, column, "the facts of a secret are unreadable");
                Err(SourceError::broken(StoreError::Corrupt { table, column }))
            }
        }
    }
}
