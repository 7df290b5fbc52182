//! Tests of a feed in one file that the contract cannot have: when a wait ends, and that a position
//! survives changes to the file.

use countersign_application::{
    ports::{ChangeBatch, ChangeFeed as _, FeedError, FeedPosition},
    testing::{Stores, rename_to},
};
use futures_util::FutureExt as _;
use sqlx::{AssertSqlSafe, Executor as _};
use tempfile::TempDir;

use crate::SqliteStore;

async fn open(folder: &TempDir, name: &str) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join(name)).await.unwrap();
    store.migrate().await.unwrap();
    store
}

fn place(text: &str) -> FeedPosition {
    text.parse().unwrap()
}

fn count(news: &ChangeBatch) -> usize {
    news.changes.as_ref().unwrap().len()
}

#[tokio::test]
async fn a_change_ends_every_wait_that_was_called_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "test.db").await;
    let home = Stores::of(store.clone()).realm("home").await;
    assert_eq!(store.wait_for_change().now_or_never(), None);
    // It is not polled before the change, as by a reader that reads first and waits then.
    let other = store.clone();
    let waits = [store.wait_for_change(), other.wait_for_change()];
    home.make("a").await;
    for wait in waits {
        assert_eq!(wait.now_or_never(), Some(()));
    }
}

#[tokio::test]
async fn a_change_between_two_waits_ends_the_next_one_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "test.db").await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("a").await.view;
    let stale = home.edit(home.system(), &view, &rename_to("too late"));
    home.update(&view, &rename_to("b")).await;
    assert_eq!(store.wait_for_change().now_or_never(), Some(()));
    assert_eq!(store.wait_for_change().now_or_never(), None);
    home.commit(&stale).await.unwrap_err();
    assert_eq!(
        store.wait_for_change().now_or_never(),
        None,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_place_outlives_restarts_and_compaction_and_leads_on_in_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "test.db").await;
    let home = Stores::of(store.clone()).realm("home").await;
    for name in ["a", "b", "c"] {
        home.make(name).await;
    }
    let position = store.position().await.unwrap();
    home.make("d").await;
    let copy = folder.path().join("copy.db");
    let copied = format!("VACUUM INTO '{}'", copy.display());
    store
        .writer
        .pool
        .execute(AssertSqlSafe(copied))
        .await
        .unwrap();
    store.writer.pool.execute("VACUUM").await.unwrap();
    store.close().await;
    for name in ["test.db", "copy.db"] {
        let store = open(&folder, name).await;
        let news = store.since(&position, 9).await.unwrap();
        assert_eq!(count(&news), 1);
        assert_eq!(news.position, store.position().await.unwrap());
        let all = store.since(&place("0"), 9).await.unwrap();
        assert_eq!(count(&all), 4);
    }
}

/// A position after the end comes from a file to which an older state was restored: its holder must
/// look at everything again.
#[tokio::test]
async fn a_place_that_was_never_given_out_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "test.db").await;
    let home = Stores::of(store.clone()).realm("home").await;
    assert_eq!(store.position().await.unwrap(), place("0"));
    home.make("a").await;
    assert_eq!(count(&store.since(&place("1"), 9).await.unwrap()), 0);
    for text in ["2", "9223372036854775807", "+1", "01", "-0", "1.0"] {
        let told = store.since(&place(text), 9).await;
        let refused = matches!(told, Err(FeedError::Position(_)));
        assert!(refused, "{text}: {told:?}");
    }
}

#[tokio::test]
async fn a_corrupt_event_does_not_stop_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, "test.db").await;
    let home = Stores::of(store.clone()).realm("home").await;
    home.make("a").await;
    let corrupt = "DROP TRIGGER audit_events_are_not_changed;
        PRAGMA ignore_check_constraints = ON; UPDATE audit_events SET kind = 'spoilt'";
    store.writer.pool.execute(corrupt).await.unwrap();
    let told = store.since(&place("0"), 9).await.unwrap();
    assert_eq!(told.changes, None, "any token may have changed");
    assert_eq!(told.position, place("1"));
}
