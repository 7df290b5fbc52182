//! Permits for queries over many tokens.

use countersign_application::{QueryPermit, ports::StoreError};
use tokio::time::timeout;

use crate::{SqliteStore, store::ACQUIRE};

impl SqliteStore {
    /// Waits for a permit for a query over many tokens, but not for long.
    pub(crate) async fn permit(
        &self,
        permit: impl Future<Output = Option<QueryPermit>>,
    ) -> Result<QueryPermit, StoreError> {
        match timeout(ACQUIRE, permit).await {
            Ok(Some(permit)) => Ok(permit),
            Ok(None) => Err(StoreError::Unavailable("no questions are taken".into())),
            Err(elapsed) => Err(StoreError::Unavailable(Box::new(elapsed))),
        }
    }
}
