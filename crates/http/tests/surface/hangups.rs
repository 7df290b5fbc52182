//! Clients that hang up during a commit. The change is stored all the same, and the node must learn
//! of it: otherwise it would go on trusting its cache.

use std::{sync::Arc, time::Duration};

use countersign_application::{
    Tokens,
    ports::{
        CommitError, Descendants, EventFilter, EventPlace, EventView, History, IdempotentResult,
        Invalidator, Lineage, StoreError, TokenStore,
    },
    query::{Filter, Listed, Order, Page, PageRequest},
};
use countersign_domain::{
    Change, Credential, ForcedRevocation, IdempotencyKey, Policy, RevocableToken, SecretDigest,
    SecretView, TenantId, Timestamp, TokenId, TokenView, UserId, Version,
};
use countersign_gate::{Proxies, async_trait};
use countersign_http::{ApiService, Settings};
use serde_json::json;
use tokio::sync::{
    Notify,
    mpsc::{UnboundedSender, unbounded_channel},
};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::world::{Ask, TOKENS, World, path, services};

/// A store whose commits wait until they may go on.
struct Slow {
    store: Arc<dyn TokenStore>,
    begun: Notify,
    go: Notify,
}

#[async_trait]
impl TokenStore for Slow {
    async fn get(&self, tenant: TenantId, id: TokenId) -> Result<Option<TokenView>, StoreError> {
        self.store.get(tenant, id).await
    }

    async fn find(&self, digest: &SecretDigest) -> Result<Option<Credential>, StoreError> {
        self.store.find(digest).await
    }

    async fn secrets(
        &self,
        tenant: TenantId,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Vec<SecretView>, StoreError> {
        self.store.secrets(tenant, id, now).await
    }

    async fn query(
        &self,
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, StoreError> {
        self.store.query(tenant, filter, order, page).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, StoreError> {
        self.store.list(tenant, after, limit).await
    }

    async fn history(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, StoreError> {
        self.store.history(tenant, filter, before, limit).await
    }

    async fn events(
        &self,
        tenant: TenantId,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, StoreError> {
        self.store.events(tenant, token, before, limit).await
    }

    async fn descendants(
        &self,
        tenant: TenantId,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Option<Descendants>, StoreError> {
        self.store.descendants(tenant, lineage, limit).await
    }

    async fn descends(
        &self,
        tenant: TenantId,
        token: TokenId,
        ancestor: TokenId,
    ) -> Result<bool, StoreError> {
        self.store.descends(tenant, token, ancestor).await
    }

    async fn find_by_idempotency_key(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &IdempotencyKey,
        since: Timestamp,
    ) -> Result<Option<IdempotentResult>, StoreError> {
        self.store
            .find_by_idempotency_key(tenant, user, key, since)
            .await
    }

    async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        self.begun.notify_one();
        self.go.notified().await;
        self.store.commit(change).await
    }

    async fn dry_run(&self, change: &Change) -> Result<(), CommitError> {
        self.store.dry_run(change).await
    }

    async fn revocable(
        &self,
        tenant: TenantId,
        id: TokenId,
    ) -> Result<Option<RevocableToken>, StoreError> {
        self.store.revocable(tenant, id).await
    }

    async fn force_revocation(&self, revocation: &ForcedRevocation) -> Result<(), CommitError> {
        self.store.force_revocation(revocation).await
    }
}

struct Told(UnboundedSender<TokenId>);

impl Invalidator for Told {
    fn invalidate(&self, token: TokenId) {
        self.0.send(token).unwrap();
    }

    fn stored(&self, change: &Change) {
        self.invalidate(change.next().id);
    }

    fn in_doubt(&self, change: &Change) {
        self.invalidate(change.next().id);
    }
}

#[tokio::test]
async fn a_change_whose_client_is_gone_is_announced() {
    let world = World::new().await;
    let store = Arc::new(Slow {
        store: world.stores.tokens.clone(),
        begun: Notify::new(),
        go: Notify::new(),
    });
    let (told, mut announced) = unbounded_channel();
    let mut parts = services(&world.stores, store.clone(), Proxies::default());
    parts.tokens = Tokens::new(
        store.clone(),
        world.stores.clock.clone(),
        world.stores.entropy.clone(),
        Arc::new(Told(told)),
        Policy::default(),
    );
    let surface = ApiService::new(parts, Settings::default());
    let made = world.token("one", &["api.tasks.read"]).await;
    let other = world.token("other", &["api.tasks.read"]).await;
    let one = path(&made.view);
    let new = json!({
        "name": "new", "expiry": made.view.token.expiry.to_string(), "permissions": ["api.tasks.read"],
    });
    let form = format!("token={}", other.secret.expose());
    let basic = |ask: Ask| ask.text("application/x-www-form-urlencoded", &form);
    for (ask, id) in [
        (world.ask("POST", TOKENS).json(&new), None),
        (
            world
                .ask("PUT", one.as_str())
                .json(&json!({"version": 1, "name": "two"})),
            Some(made.view.token.id),
        ),
        (
            world
                .ask("POST", format!("{one}/rotate"))
                .json(&json!({"version": 2})),
            Some(made.view.token.id),
        ),
        (world.ask("DELETE", one.as_str()), Some(made.view.token.id)),
        (
            basic(world.ask("POST", "/oauth2/revoke")),
            Some(other.view.token.id),
        ),
    ] {
        let named = format!("{} {}", ask.0.method(), ask.0.uri());
        let mut answer = Box::pin(surface.clone().oneshot(ask.0));
        tokio::select! {
            answer = &mut answer => panic!("{named}: {answer:?}"),
            () = store.begun.notified() => {}
        }
        drop(answer);
        store.go.notify_one();
        let told = timeout(Duration::from_secs(5), announced.recv()).await;
        let told = told.unwrap_or_else(|_| panic!("{named}: nobody was told"));
        let told = told.unwrap();
        assert!(id.is_none_or(|id| id == told), "{named}");
        assert!(announced.is_empty());
    }
}
