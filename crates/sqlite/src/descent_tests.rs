//! Tests of the connections on which descent is looked up: neither queries nor checks wait for it,
//! and it waits for no query.

use countersign_application::{
    ports::{Lineage, TokenStore as _},
    testing::Stores,
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

#[tokio::test]
async fn questions_keep_nobody_from_finding_descendants() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let token = home.make("leaked").await.view.token.id;
    let asked = [
        store.permits.acquire_for_service().await,
        store.permits.acquire_for_service().await,
    ];
    let answered = [
        store.questions.acquire().await,
        store.questions.acquire().await,
    ];
    let lineage = Lineage { token, since: None };
    let found = store.descendants(home.tenant.id, lineage, 9).await;
    assert_eq!(found.unwrap().unwrap().total, 1);
    drop((asked, answered));
}

/// A long chain of creators takes its time, which no check waits for.
#[tokio::test]
async fn descent_is_looked_up_apart_from_the_checks() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let token = home.make("made").await.view.token.id;
    let mut checks = Vec::new();
    for _ in 0..store.readers.options().get_max_connections() {
        checks.push(store.readers.acquire().await.unwrap());
    }
    let lineage = Lineage { token, since: None };
    let found = store.descendants(home.tenant.id, lineage, 9).await;
    assert!(found.unwrap().is_some());
    let itself = store.descends(home.tenant.id, token, token).await;
    assert!(itself.unwrap());
}
