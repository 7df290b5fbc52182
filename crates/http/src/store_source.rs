//! A store as the gate asks it. The two crates do not know each other, so that the gate can stand before services that
//! have no store; here both are known.

use std::sync::Arc;

use countersign_application::ports::{StoreError, TokenStore};
use countersign_domain::Credential;
use countersign_gate::{CredentialSource, PresentedSecret, SourceError, async_trait};

/// The facts that a store holds.
#[derive(Clone)]
pub struct StoreSource(Arc<dyn TokenStore>);

impl StoreSource {
    /// The facts of this store.
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
        match self.0.find(presented.digest()).await {
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
