//! Tests of uses that the contract cannot have: that they are written in portions, and the effect
//! of spoilt columns and busy connections.

use std::fmt::Debug;

use countersign_application::{
    ports::{
        Connections, StoreError, StoreHealth as _, TokenStore as _, UsageRecord, UsageStore as _,
    },
    testing::{Stores, TestTenant, at, rename_to},
};
use countersign_domain::{SecretDigest, TenantId, TokenId};
use futures_util::future::{Either, select};
use sqlx::Executor as _;
use tempfile::TempDir;

use super::PORTION;
use crate::SqliteStore;

async fn fresh() -> (TempDir, SqliteStore, TestTenant) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    let home = Stores::of(store.clone()).realm("home").await;
    (folder, store, home)
}

fn used(tenant: TenantId, token: TokenId, digest: SecretDigest) -> UsageRecord {
    UsageRecord {
        digest,
        tenant,
        token,
        at: at("2026-06-01T12:00:01Z"),
        address: Some([192, 0, 2, 1].into()),
    }
}

/// Uses of unknown secrets.
fn strays(home: &TestTenant, count: usize) -> Vec<UsageRecord> {
    let token = TokenId::new(home.stores.clock.now(), &[0; 10]);
    let digest = || countersign_domain::Secret::from_random(&home.stores.random()).digest();
    (0..count)
        .map(|_| used(home.tenant.id, token, digest()))
        .collect()
}

#[tokio::test]
async fn every_portion_is_noted() {
    let (_folder, store, home) = fresh().await;
    let mut uses = strays(&home, 2 * PORTION + 1);
    let mut tokens = Vec::new();
    for index in [0, PORTION - 1, PORTION, 2 * PORTION] {
        let made = home.make(&index.to_string()).await;
        let id = made.view.token.id;
        uses[index] = used(home.tenant.id, id, made.secret.digest());
        tokens.push(id);
    }
    store.record(&uses).await.unwrap();
    for id in tokens {
        let last = home.get(id).await.unwrap().last_used;
        assert_eq!(last.unwrap().at, uses[0].at);
    }
}

#[tokio::test]
async fn a_change_is_made_between_two_portions() {
    let (_folder, store, home) = fresh().await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    let uses = strays(&home, 20 * PORTION);
    // The first of the two is polled first, and so is first in the queue.
    let (noting, changing) = (store.record(&uses), home.commit(&change));
    match select(noting, Box::pin(changing)).await {
        Either::Right((outcome, noting)) => {
            outcome.unwrap();
            noting.await.unwrap();
        }
        Either::Left(_) => panic!("the change waited for all portions"),
    }
}

#[tokio::test]
async fn a_use_tells_no_lie_about_its_token() {
    let (_folder, store, home) = fresh().await;
    let (made, other) = (home.make("a").await, home.make("b").await.view);
    let lie = used(home.tenant.id, other.token.id, made.secret.digest());
    store.record(&[lie]).await.unwrap();
    let last = home.get(other.token.id).await.unwrap().last_used;
    assert_eq!(last, None);
}

fn names<T: Debug>(outcome: Result<T, StoreError>, place: (&str, &str)) {
    match outcome {
        Err(StoreError::Corrupt { table, column }) => assert_eq!((table, column), place),
        other => panic!("{place:?}: {other:?}"),
    }
}

#[tokio::test]
async fn corrupt_uses_and_secrets_are_named() {
    for (corrupt, place) in [
        (
            "UPDATE token_uses SET used_at = 9223372036854775807",
            ("token_uses", "used_at"),
        ),
        (
            "UPDATE token_uses SET address = '{ spoilt'",
            ("token_uses", "address"),
        ),
    ] {
        let (_folder, store, home) = fresh().await;
        let made = home.make("a").await;
        let (tenant, id) = (home.tenant.id, made.view.token.id);
        let one = used(tenant, id, made.secret.digest());
        store.record(&[one]).await.unwrap();
        store.writer.pool.execute(corrupt).await.unwrap();
        names(store.get(tenant, id).await, place);
        let listed = store.list(tenant, None, 9).await.unwrap();
        let named = listed.unreadable.iter().map(|one| (one.table, one.column));
        assert_eq!(named.collect::<Vec<_>>(), [place]);
    }
    for (column, spoilt) in [
        ("last_used_at", "9223372036854775807"),
        ("last_used_address", "'{ spoilt'"),
        ("retires_at", "9223372036854775807"),
        ("created_at", "9223372036854775807"),
        ("partial_token", "'{ spoilt'"),
    ] {
        let (_folder, store, home) = fresh().await;
        let made = home.make("a").await;
        let (tenant, id) = (home.tenant.id, made.view.token.id);
        let one = used(tenant, id, made.secret.digest());
        store.record(&[one]).await.unwrap();
        let corrupt = format!("UPDATE token_secrets SET {column} = {spoilt}");
        let corrupt = sqlx::AssertSqlSafe(corrupt);
        store.writer.pool.execute(corrupt).await.unwrap();
        let now = home.stores.clock.now();
        names(
            store.secrets(tenant, id, now).await,
            ("token_secrets", column),
        );
        if column == "retires_at" {
            let found = store.find(&made.secret.digest()).await;
            names(found, ("token_secrets", column));
        }
    }
}

#[tokio::test]
async fn connections_are_counted_over_all_pools() {
    let (_folder, store, _home) = fresh().await;
    let (one, other) = (&store.pages, &store.audit);
    let pools = [
        &store.writer.pool,
        &store.readers,
        &store.questions,
        one,
        other,
    ];
    let limit = pools.map(|pool| pool.options().get_max_connections());
    let limit = limit.iter().sum();
    let mut taken = Vec::new();
    for pool in pools {
        taken.push(pool.acquire().await.unwrap());
    }
    let (open, idle) = (5, 0);
    let busy = Connections { open, idle, limit };
    assert_eq!(store.connections(), busy);
    taken.clear();
    let resting = Connections { idle: open, ..busy };
    let rest = async {
        while store.connections() != resting {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(5);
    tokio::time::timeout(patience, rest).await.unwrap();
}

#[tokio::test]
async fn the_secret_without_an_end_comes_first_even_when_made_at_one_instant() {
    let (_folder, store, home) = fresh().await;
    let made = home.make("a").await;
    let (tenant, id) = (home.tenant.id, made.view.token.id);
    let mut view = made.view;
    for overlap in [60, 30, 20] {
        let rotated = home.rotate(&view, overlap).await;
        let now = home.stores.clock.now();
        let secrets = store.secrets(tenant, id, now).await.unwrap();
        let told: Vec<_> = secrets
            .iter()
            .map(|secret| (secret.partial.clone(), secret.valid_until))
            .collect();
        let end = now.plus_seconds(overlap);
        let newest = (rotated.secret.masked(), None);
        assert_eq!(told, [newest, (view.token.partial, Some(end))]);
        view = rotated.view;
    }
}
