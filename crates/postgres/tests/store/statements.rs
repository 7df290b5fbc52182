//! What goes over the wire, and what holds when several nodes start at once.

use countersign_application::{
    ports::{CommitError, StoreHealth as _, TokenStore as _},
    testing::{Stores, no_change, rename_to},
};
use countersign_domain::{ChainHash, Secret};
use countersign_postgres::{FeedMode, PostgresStore};
use sqlx::Executor as _;

use crate::support::{Database, Proxy};

#[tokio::test]
async fn every_call_is_one_statement() {
    let database = Database::new().await;
    database.store(1).await;
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 1, FeedMode::Poll).unwrap();
    let home = Stores::of(store.clone()).realm("home").await;
    let mut view = home.make("a").await.view;
    view = home.update(&view, &rename_to("b")).await;
    home.revoke(&home.make("c").await.view).await;
    // Look-ups have connections of their own, which begin with a statement.
    let nobody = Secret::from_random(&[9; 32]);
    assert_eq!(store.find(&nobody.digest()).await.unwrap(), None);
    proxy.executions();

    let made = home.make("d").await;
    assert_eq!(proxy.executions(), 1, "a creation");
    store.find(&made.secret.digest()).await.unwrap().unwrap();
    assert_eq!(proxy.executions(), 1, "a look-up");
    let renaming = home.edit(home.actor(&made.view), &view, &rename_to("e"));
    home.commit(&renaming).await.unwrap();
    assert_eq!(proxy.executions(), 1, "an update with a new name");
    view = view.after(&renaming);
    let mut longer = no_change(&view);
    longer.expiry = Some(view.token.expiry.minus_seconds(1));
    let change = home.edit(home.system(), &view, &longer);
    home.commit(&change).await.unwrap();
    assert_eq!(proxy.executions(), 1, "an update that keeps the name");
    assert!(matches!(
        home.commit(&change).await,
        Err(CommitError::Stale { .. })
    ));
    assert_eq!(proxy.executions(), 1, "a stale update");
    view = home.rotate(&view.after(&change), 60).await.view;
    assert_eq!(proxy.executions(), 1, "a rotation");
    home.revoke(&view).await;
    assert_eq!(proxy.executions(), 1, "a revocation");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_migrate_once() {
    let database = Database::new().await;
    let nodes =
        [(); 4].map(|()| PostgresStore::open(&database.url(None), 2, FeedMode::Notify).unwrap());
    let starts = nodes.map(|node| tokio::spawn(async move { node.migrate().await }));
    for start in starts {
        start.await.unwrap().unwrap();
    }
    database.store(1).await;
    let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations")
        .fetch_one(&mut database.connect().await)
        .await
        .unwrap();
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let files = std::fs::read_dir(files).unwrap().count();
    assert_eq!(usize::try_from(applied), Ok(files));
}

#[tokio::test]
async fn a_rival_that_the_snapshot_did_not_see_makes_a_change_stale() {
    let database = Database::new().await;
    let store = database.store(4).await;
    let home = Stores::of(store).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    let mut rival = database.connect().await;
    rival
        .execute("BEGIN; UPDATE api_tokens SET version = version + 1")
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let home = home.clone();
        async move { home.commit(&change).await }
    });
    database.until_somebody_waits().await;
    rival.execute("COMMIT").await.unwrap();
    let outcome = waiting.await.unwrap();
    assert!(
        matches!(outcome, Err(CommitError::Stale { stored }) if stored.get() == 2),
        "{outcome:?}"
    );
    assert_eq!(
        home.get(view.token.id).await.unwrap().token.name,
        view.token.name
    );
}

#[tokio::test]
async fn a_malformed_address_is_refused_without_a_connection() {
    for url in ["", "postgres", "mysql://a/b", "postgres://h:port/b"] {
        assert!(
            PostgresStore::open(url, 1, FeedMode::Notify).is_err(),
            "{url}"
        );
    }
}

#[tokio::test]
async fn the_password_shows_nowhere() {
    let store =
        PostgresStore::open("postgres://user:hunter2@127.0.0.1:1/b", 1, FeedMode::Notify).unwrap();
    assert!(!format!("{store:#?}").contains("hunter2"));
    let fault = store.ping().await.unwrap_err();
    assert!(!format!("{fault:#?} {fault}").contains("hunter2"));
}

/// A row that breaks a constraint is quoted by the server, digest and all.
#[tokio::test]
async fn no_value_of_a_row_shows_in_a_fault() {
    let database = Database::new().await;
    let home = Stores::of(database.store(1).await).realm("home").await;
    database
        .connect()
        .await
        .execute("ALTER TABLE token_secrets ADD CONSTRAINT outage CHECK (false)")
        .await
        .unwrap();
    let (change, secret) = home.creation(home.system(), &home.draft("secretive"), None);
    let fault = format!("{:#?}", home.commit(&change).await.unwrap_err());
    assert!(fault.contains("23514"), "{fault}");
    let digest = ChainHash::from_bytes(*secret.digest().as_bytes()).to_string();
    assert!(
        !fault.contains(&digest) && !fault.contains("secretive"),
        "{fault}"
    );
}
