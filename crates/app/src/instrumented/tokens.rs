//! The instrumented store of tokens.

use async_trait::async_trait;
use countersign_application::{
    ports::{
        CommitError, Descendants, EventFilter, EventPlace, EventView, History, IdempotentResult,
        Lineage, StoreError, TokenStore,
    },
    query::{Filter, Listed, Order, Page, PageRequest},
};
use countersign_domain::{
    Change, Credential, ForcedRevocation, IdempotencyKey, RevocableToken, SecretDigest, SecretView,
    TenantId, Timestamp, TokenId, TokenView, UserId, Version,
};

use super::Instrumented;

#[async_trait]
impl TokenStore for Instrumented<dyn TokenStore> {
    async fn get(&self, tenant: TenantId, id: TokenId) -> Result<Option<TokenView>, StoreError> {
        let call = self.store.get(tenant, id);
        self.watch.follow("get", call).await
    }

    async fn find(&self, digest: &SecretDigest) -> Result<Option<Credential>, StoreError> {
        self.watch.follow("find", self.store.find(digest)).await
    }

    async fn secrets(
        &self,
        tenant: TenantId,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Vec<SecretView>, StoreError> {
        let call = self.store.secrets(tenant, id, now);
        self.watch.follow("secrets", call).await
    }

    async fn query(
        &self,
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, StoreError> {
        let call = self.store.query(tenant, filter, order, page);
        let page = self.watch.follow("query", call).await?;
        self.watch.note(&page.unreadable);
        Ok(page)
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, StoreError> {
        let call = self.store.list(tenant, after, limit);
        let listed = self.watch.follow("list", call).await?;
        self.watch.note(&listed.unreadable);
        Ok(listed)
    }

    async fn history(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, StoreError> {
        let call = self.store.history(tenant, filter, before, limit);
        let history = self.watch.follow("history", call).await?;
        self.watch.note(&history.unreadable);
        Ok(history)
    }

    async fn events(
        &self,
        tenant: TenantId,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, StoreError> {
        let call = self.store.events(tenant, token, before, limit);
        self.watch.follow("events", call).await
    }

    async fn descendants(
        &self,
        tenant: TenantId,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Option<Descendants>, StoreError> {
        let call = self.store.descendants(tenant, lineage, limit);
        self.watch.follow("descendants", call).await
    }

    async fn descends(
        &self,
        tenant: TenantId,
        token: TokenId,
        ancestor: TokenId,
    ) -> Result<bool, StoreError> {
        let call = self.store.descends(tenant, token, ancestor);
        self.watch.follow("descends", call).await
    }

    async fn find_by_idempotency_key(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &IdempotencyKey,
        since: Timestamp,
    ) -> Result<Option<IdempotentResult>, StoreError> {
        let call = self.store.find_by_idempotency_key(tenant, user, key, since);
        self.watch.follow("made_under", call).await
    }

    async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        let outcome = self.watch.follow("commit", self.store.commit(change)).await;
        self.watch.written(outcome)
    }

    async fn dry_run(&self, change: &Change) -> Result<(), CommitError> {
        let call = self.store.dry_run(change);
        self.watch.follow("dry_run", call).await
    }

    async fn revocable(
        &self,
        tenant: TenantId,
        id: TokenId,
    ) -> Result<Option<RevocableToken>, StoreError> {
        let call = self.store.revocable(tenant, id);
        self.watch.follow("revocable", call).await
    }

    async fn force_revocation(&self, revocation: &ForcedRevocation) -> Result<(), CommitError> {
        let call = self.store.force_revocation(revocation);
        self.watch
            .written(self.watch.follow("force_revocation", call).await)
    }
}
