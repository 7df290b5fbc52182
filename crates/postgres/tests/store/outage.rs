//! A server that is not there, and a pool that is used up.

use std::time::Duration;

use countersign_application::{
    error_chain,
    ports::{CommitError, StoreError, StoreHealth as _, TokenStore as _},
    testing::{Stores, rename_to},
};
use countersign_postgres::{FeedMode, PostgresStore};
use futures_util::future::join_all;
use sqlx::Executor as _;
use tokio::net::TcpListener;

use crate::support::{Database, timed};

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_server_that_refuses_connections_is_unavailable() {
    let database = Database::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let store = PostgresStore::open(&database.url(Some(port)), 4, FeedMode::Notify).unwrap();
    let (outcome, took) = timed(store.ping()).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))));
    assert!(took < LIMIT, "{took:?}");
    assert!(store.migrate().await.is_err());
}

#[tokio::test]
async fn a_commit_without_a_connection_certainly_did_not_happen() {
    let database = Database::new().await;
    let home = Stores::of(database.store(2).await).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    let nowhere = PostgresStore::open(&database.url(Some(1)), 1, FeedMode::Notify).unwrap();
    let outcome = nowhere.commit(&change).await;
    assert!(
        matches!(outcome, Err(CommitError::Fault(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_used_up_makes_nobody_wait_for_long() {
    let database = Database::new().await;
    let store = database.store(2).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("a").await.view;
    let mut other = database.connect().await;
    other
        .execute("BEGIN; LOCK TABLE api_tokens, users IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let reads = (0..8).map(|_| timed(store.get(home.tenant.id, view.token.id)));
    for (read, took) in join_all(reads).await {
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
        assert!(took < LIMIT, "{took:?}");
    }
    other.execute("COMMIT").await.unwrap();
    assert_eq!(home.get(view.token.id).await, Some(view));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_waits_for_any_more_does_not_keep_its_connection() {
    let database = Database::new().await;
    let store = database.store(1).await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    let mut other = database.connect().await;
    other
        .execute("BEGIN; LOCK TABLE api_tokens IN EXCLUSIVE MODE")
        .await
        .unwrap();
    let given_up = tokio::spawn(async move { home.commit(&change).await });
    database.until_somebody_waits().await;
    given_up.abort();
    assert!(given_up.await.is_err());
    let (pulse, took) = timed(store.ping()).await;
    assert!(pulse.is_ok() && took < LIMIT, "{pulse:?} after {took:?}");
}

#[tokio::test]
async fn everybody_hears_why_no_connection_can_be_made() {
    let database = Database::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    // A few of them try, and the others wait for one of two places.
    let store = PostgresStore::open(&database.url(Some(port)), 2, FeedMode::Poll).unwrap();
    let words = join_all((0..8).map(|_| store.ping())).await.into_iter();
    for words in words.map(|ping| error_chain(&ping.unwrap_err())) {
        assert_eq!(words.matches("refused").count(), 1, "{words}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_called_a_pool() {
    let database = Database::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let store = PostgresStore::open(&database.url(Some(port)), 2, FeedMode::Poll).unwrap();
    let words = error_chain(&store.ping().await.unwrap_err());
    assert!(
        words.contains("did not answer in time while connecting"),
        "{words}"
    );
    let words = error_chain(&store.migrate().await.unwrap_err());
    assert!(
        words.contains("did not answer in time while connecting"),
        "{words}"
    );
}
