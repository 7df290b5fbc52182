//! Permits for queries over many tokens.

use countersign_application::{QueryPermit, ports::StoreError, query::Filter};
use countersign_domain::TenantId;
use tokio::time::timeout;

use crate::{SqliteStore, store::ACQUIRE};

impl SqliteStore {
    /// Waits for a permit for any other slow query, one at a time for each tenant.
    pub(crate) async fn question_permit(
        &self,
        tenant: TenantId,
    ) -> Result<QueryPermit, StoreError> {
        let every = Filter::All(Vec::new());
        self.permit(self.permits.acquire(tenant, &every)).await
    }

    /// Waits for a permit for a list, or a page of events.
    pub(crate) async fn page_permit(&self, tenant: TenantId) -> Result<QueryPermit, StoreError> {
        let every = Filter::All(Vec::new());
        self.permit(self.page_permits.acquire(tenant, &every)).await
    }

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

#[cfg(test)]
#[path = "permit_tests.rs"]
mod tests;
