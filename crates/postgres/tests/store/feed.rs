//! The feed where changes commit out of order, where nodes wake each other, and where the database goes away.

use std::time::Duration;

use countersign_application::{
    ports::{ChangeFeed as _, FeedError, FeedPosition},
    testing::{Stores, rename_to},
};
use countersign_postgres::{FeedMode, PostgresStore};
use futures_util::FutureExt as _;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, postgres::PgListener};
use tokio::time::timeout;

use crate::support::{Database, Mood, Proxy, timed};

/// Far above what a notification takes, and below what it takes to try a silent connection.
const SOON: Duration = Duration::from_secs(5);

const NONE: [i64; 0] = [];

/// A database with one token, whose creation is an event, and a store over it.
async fn with_a_token(connections: u32) -> (Database, PostgresStore) {
    let database = Database::new().await;
    let store = database.store(connections).await;
    let home = Stores::of(store.clone()).realm("home").await;
    home.make("a").await;
    (database, store)
}

#[expect(clippy::unwrap_used, reason = "what fails here fails the test")]
async fn news(store: &PostgresStore, position: &mut FeedPosition) -> Vec<i64> {
    let news = store.since(position, 100).await.unwrap();
    *position = news.position;
    let changes = news.changes.unwrap();
    changes.iter().map(|change| change.version.get()).collect()
}

/// A session with a transaction that has written an event of that version, and is not at its end.
#[expect(clippy::unwrap_used, reason = "what fails here fails the test")]
async fn writing(database: &Database, version: i64) -> PgConnection {
    let mut session = database.connect().await;
    session.execute("BEGIN").await.unwrap();
    let written = format!(
        "INSERT INTO audit_events SELECT tenant_id, token_id, {version}, kind, at, by_user, address, request_id,
                                         version_before, changes, hash
         FROM audit_events WHERE version_after = 1"
    );
    session.execute(AssertSqlSafe(written)).await.unwrap();
    session
}

#[tokio::test]
async fn changes_that_commit_out_of_order_are_told_once() {
    let (database, store) = with_a_token(2).await;
    let mut reader = store.position().await.unwrap();
    let mut first = writing(&database, 2).await;
    let mut undone = writing(&database, 3).await;
    let mut third = writing(&database, 4).await;
    // Running when a position is taken, with and without anything newer that is visible.
    let early = store.position().await.unwrap();
    assert_eq!(news(&store, &mut reader).await, NONE);
    third.execute("COMMIT").await.unwrap();
    let middle = store.position().await.unwrap();
    assert_eq!(news(&store, &mut reader).await, [4]);
    let mut fourth = writing(&database, 5).await;
    first.execute("COMMIT").await.unwrap();
    assert_eq!(news(&store, &mut reader).await, [2]);
    undone.execute("ROLLBACK").await.unwrap();
    assert_eq!(news(&store, &mut reader).await, NONE);
    fourth.execute("COMMIT").await.unwrap();
    assert_eq!(news(&store, &mut reader).await, [5]);
    assert_eq!(news(&store, &mut reader).await, NONE);
    assert_eq!(news(&store, &mut early.clone()).await, [2, 4, 5]);
    assert_eq!(news(&store, &mut middle.clone()).await, [2, 5]);
}

/// Numbers are ordered as numbers: as text, one of two digits that begins high would stay the newest for ever, and all
/// after it would be told at each look.
#[tokio::test]
async fn what_was_told_is_not_told_again_after_the_numbers_grew_longer() {
    let (database, store) = with_a_token(1).await;
    database
        .connect()
        .await
        .execute(
            "INSERT INTO audit_events
             SELECT tenant_id, token_id, 2, kind, at, by_user, address, request_id, version_before, changes, hash, '99'
             FROM audit_events",
        )
        .await
        .unwrap();
    let mut reader = store.position().await.unwrap();
    assert_eq!(news(&store, &mut reader).await, NONE);
    assert_eq!(news(&store, &mut reader).await, NONE);
}

/// A backup was put back, and events that the reader was told of are gone.
#[tokio::test]
async fn a_position_ahead_of_the_history_is_refused() {
    let (database, store) = with_a_token(1).await;
    let position = store.position().await.unwrap();
    assert!(store.since(&position, 1).await.is_ok());
    database
        .connect()
        .await
        .execute("ALTER TABLE audit_events DISABLE TRIGGER USER; DELETE FROM audit_events")
        .await
        .unwrap();
    let told = store.since(&position, 1).await;
    assert!(matches!(told, Err(FeedError::Position(_))), "{told:?}");
}

#[tokio::test]
async fn a_change_on_one_node_wakes_the_others() {
    let database = Database::new().await;
    let home = Stores::of(database.store(2).await).realm("home").await;
    let other = PostgresStore::open(&database.url(None), 1, FeedMode::Notify).unwrap();
    // Once it hears anything.
    timeout(SOON, other.wait_for_change()).await.unwrap();
    let mut position = other.position().await.unwrap();
    let mut view = home.make("a").await.view;
    timeout(SOON, other.wait_for_change()).await.unwrap();
    assert_eq!(news(&other, &mut position).await, [1]);

    assert!(database.kill_all().await >= 1, "nothing to lose");
    view = home.update(&view, &rename_to("b")).await;
    // Once that it lost its connection, and once that it has another.
    timeout(SOON, other.wait_for_change()).await.unwrap();
    timeout(SOON, other.wait_for_change()).await.unwrap();
    assert_eq!(news(&other, &mut position).await, [2]);
    home.revoke(&view).await;
    timeout(SOON, other.wait_for_change()).await.unwrap();
    assert_eq!(news(&other, &mut position).await, [3]);
}

#[tokio::test]
async fn a_node_that_polls_neither_tells_nor_listens() {
    let database = Database::new().await;
    database.store(1).await;
    let store = PostgresStore::open(&database.url(None), 1, FeedMode::Poll).unwrap();
    let mut listener = PgListener::connect(&database.url(None)).await.unwrap();
    listener.listen("countersign_changes").await.unwrap();
    Stores::of(store.clone())
        .realm("home")
        .await
        .make("a")
        .await;
    let mut other = database.connect().await;
    other
        .execute("NOTIFY countersign_changes, 'last'")
        .await
        .unwrap();
    let heard = timeout(SOON, listener.recv()).await.unwrap().unwrap();
    assert_eq!(heard.payload(), "last");
    assert_eq!(store.wait_for_change().now_or_never(), None);
}

#[tokio::test]
async fn a_silent_database_keeps_no_reader_for_long() {
    let database = Database::new().await;
    database.store(1).await;
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 2, FeedMode::Notify).unwrap();
    let position = store.position().await.unwrap();
    proxy.turn(Mood::Silent);
    let (told, took) = timed(store.since(&position, 1)).await;
    assert!(matches!(told, Err(FeedError::Store(_))), "{told:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// A backup brings along the numbers of the server that it was made on, which may be far ahead of those here.
#[tokio::test]
async fn numbers_that_the_server_has_not_reached_hide_nothing() {
    let database = Database::new().await;
    let store = database.store(2).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("restored").await.view;
    let restored =
        "ALTER TABLE audit_events DISABLE TRIGGER USER; UPDATE audit_events SET tx = '5000000000';
                    ALTER TABLE audit_events ENABLE TRIGGER USER";
    let mut session = database.connect().await;
    session.execute(restored).await.unwrap();
    let mut reader = store.position().await.unwrap();
    home.update(&view, &rename_to("renamed")).await;
    assert_eq!(news(&store, &mut reader).await, [2]);
    assert_eq!(news(&store, &mut reader).await, NONE);
}
