//! What one tenant's crowd of readers leaves to the others.

use countersign_application::{
    ports::{CommitError, EventFilter, StoreError, TokenStore as _},
    testing::{Stores, TestTenant, no_change},
};
use tempfile::TempDir;

use crate::SqliteStore;

async fn fresh() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.migrate().await.unwrap();
    (folder, store)
}

/// What became of a list, a history, the events of a token, and a dry run.
async fn outcomes(store: &SqliteStore, home: &TestTenant) -> [Result<(), StoreError>; 4] {
    let name = format!("token {:?}", home.stores.random::<8>());
    let view = home.make(&name).await.view;
    let (tenant, token) = (home.tenant.id, view.token.id);
    let mut shorter = no_change(&view);
    shorter.expiry = Some(view.token.expiry.minus_seconds(1));
    let change = home.edit(home.system(), &view, &shorter);
    let every = EventFilter::default();
    let tried = match store.dry_run(&change).await {
        Err(CommitError::Fault(fault)) => Err(fault),
        tried => {
            tried.unwrap();
            Ok(())
        }
    };
    [
        store.list(tenant, None, 9).await.map(drop),
        store.history(tenant, &every, None, 9).await.map(drop),
        store.events(tenant, token, None, 9).await.map(drop),
        tried,
    ]
}

#[tokio::test]
async fn a_tenants_lists_histories_and_dry_runs_leave_connections_to_others() {
    let (_folder, store) = fresh().await;
    let stores = Stores::of(store.clone());
    let (home, other) = (stores.realm("home").await, stores.realm("other").await);
    let tenant = home.tenant.id;
    let share = [
        store.page_permit(tenant).await.unwrap(),
        store.page_permit(tenant).await.unwrap(),
        store.question_permit(tenant).await.unwrap(),
    ];
    for outcome in outcomes(&store, &home).await {
        assert!(
            matches!(outcome, Err(StoreError::Unavailable(_))),
            "{outcome:?}"
        );
    }
    for outcome in outcomes(&store, &other).await {
        outcome.unwrap();
    }
    drop(share);
    for outcome in outcomes(&store, &home).await {
        outcome.unwrap();
    }
}
