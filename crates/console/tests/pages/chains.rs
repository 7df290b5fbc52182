//! Histories that pages verify: only new events, and still every fault in them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use countersign_application::{
    Audit, Finding,
    ports::{AuditStore, StoreError, Stray},
    testing::{Notes, rename_to},
};
use countersign_domain::{AuditEvent, RecordSnapshot, TenantId, TokenId, TokenView, Version};
use countersign_gate::async_trait;

use super::{
    browser::Browser,
    world::{World, surface},
};

/// Counts the events that are read for verifying.
struct Counted {
    store: Arc<dyn AuditStore>,
    events: AtomicUsize,
}

#[async_trait]
impl AuditStore for Counted {
    async fn histories(
        &self,
        after: Option<(TenantId, TokenId)>,
        limit: u16,
    ) -> Result<Vec<(TenantId, TokenId)>, StoreError> {
        self.store.histories(after, limit).await
    }

    async fn recorded(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Option<RecordSnapshot>, StoreError> {
        self.store.recorded(tenant, token).await
    }

    async fn chain(
        &self,
        tenant: TenantId,
        token: TokenId,
        after: Option<Version>,
        limit: u16,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let events = self.store.chain(tenant, token, after, limit).await?;
        self.events.fetch_add(events.len(), Ordering::Relaxed);
        Ok(events)
    }

    async fn strays(&self, limit: u16) -> Result<Vec<Stray>, StoreError> {
        self.store.strays(limit).await
    }
}

/// A node that has not looked at any history yet, and root's browser at it.
async fn node(world: &World) -> (Arc<Counted>, Browser) {
    let counted = Arc::new(Counted {
        store: world.stores.audit.clone(),
        events: AtomicUsize::new(0),
    });
    let mut stores = world.stores.clone();
    stores.audit = counted.clone();
    let surface = surface(&stores, stores.tokens.clone(), &world.time);
    let mut browser = Browser::new(surface, ([192, 0, 2, 1], 40000).into());
    browser.sign_in(world.root.secret.expose()).await;
    (counted, browser)
}

async fn changed(world: &World, mut view: TokenView, times: usize) -> TokenView {
    for n in 0..times {
        let name = format!("name {} {n}", view.token.version);
        view = world.home.update(&view, &rename_to(&name)).await;
    }
    view
}

#[tokio::test]
async fn a_second_look_reads_only_what_is_new() {
    let world = World::new().await;
    let made = world.home.make("busy").await;
    let view = changed(&world, made.view, 40).await;
    let page = format!("/console/tokens/{}", view.token.id);
    let (counted, mut browser) = node(&world).await;
    let read = async |browser: &mut Browser| {
        assert!(browser.get(&page).await.has("Chain verified"));
        counted.events.swap(0, Ordering::Relaxed)
    };
    assert_eq!(read(&mut browser).await, 41);
    // The newest one that is known, to see that it is still the same.
    assert_eq!(read(&mut browser).await, 1);
    changed(&world, view, 2).await;
    assert_eq!(read(&mut browser).await, 1 + 2);
    assert_eq!(read(&mut browser).await, 1);
}

const ALTERED: &str = "DROP TRIGGER IF EXISTS audit_events_are_not_changed;
    UPDATE audit_events SET request_id = 'another' WHERE version_after =";

#[tokio::test]
async fn what_is_newer_than_the_last_look_is_noticed_and_older_ones_by_whoever_remembers_nothing() {
    let world = World::new().await;
    let made = world.home.make("busy").await;
    let view = changed(&world, made.view, 5).await;
    let page = format!("/console/tokens/{}", view.token.id);
    let (_, mut browser) = node(&world).await;
    assert!(browser.get(&page).await.has("Chain verified"));

    world.tamper(&format!("{ALTERED} 3")).await;
    assert!(browser.get(&page).await.has("Chain verified"), "older");
    let (_, mut other) = node(&world).await;
    let found = "Broken: the event of version 3 is not what was written";
    assert!(other.get(&page).await.has(found));
    let mut notes = Notes::default();
    let audit = Audit::new(world.stores.audit.clone());
    audit.verify(&mut notes).await.unwrap();
    let found = &notes.findings[..];
    assert!(matches!(found, [Finding::Broken { token, .. }] if *token == view.token.id));

    changed(&world, view, 2).await;
    world.tamper(&format!("{ALTERED} 8")).await;
    let found = "Broken: the event of version 8 is not what was written";
    assert!(browser.get(&page).await.has(found), "newer");
}

#[tokio::test]
async fn a_rewritten_past_is_noticed_where_its_hashes_were_rewritten_too() {
    let world = World::new().await;
    let made = world.home.make("busy").await;
    let view = changed(&world, made.view, 5).await;
    let page = format!("/console/tokens/{}", view.token.id);
    let (counted, mut browser) = node(&world).await;
    assert!(browser.get(&page).await.has("Chain verified"));
    counted.events.swap(0, Ordering::Relaxed);
    let rewritten = format!(
        "{ALTERED} 3; UPDATE audit_events SET hash = zeroblob(32) WHERE version_after = 6;
         UPDATE api_tokens SET chain_head = zeroblob(32) WHERE version = 6"
    );
    world.tamper(&rewritten).await;
    let found = "Broken: the event of version 3 is not what was written";
    assert!(browser.get(&page).await.has(found));
    assert!(counted.events.load(Ordering::Relaxed) > 1, "all anew");
}
