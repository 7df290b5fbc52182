//! A commit whose answer is lost, and one that cannot have happened.

use std::time::Duration;

use countersign_application::{
    ports::{CommitError, StoreError, StoreHealth as _},
    testing::{Stores, rename_to},
};
use countersign_postgres::{FeedMode, PostgresStore};
use sqlx::Executor as _;

use crate::support::{Database, Mood, Proxy, soon, timed};

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_swallowed_answer_leaves_the_outcome_open_and_the_version_tells() {
    let database = Database::new().await;
    let direct = database.store(2).await;
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 1, FeedMode::Poll).unwrap();
    let home = Stores::of(store.clone()).realm("home").await;
    let seen = Stores::of(direct);
    let mut view = home.make("a").await.view;
    // Once, so that the statement is prepared and goes out in one piece.
    view = home.update(&view, &rename_to("b")).await;
    let change = home.edit(home.system(), &view, &rename_to("c"));
    proxy.turn(Mood::SwallowAnswers);
    let lost = home.commit(&change).await;
    assert!(
        matches!(lost, Err(CommitError::OutcomeUnknown(_))),
        "{lost:?}"
    );
    proxy.turn(Mood::Honest);
    // It was sent, so it happens, though perhaps not yet.
    let happened = soon(async || {
        let read = seen
            .tokens
            .get(home.tenant.id, view.token.id)
            .await
            .unwrap();
        read == Some(view.after(&change))
    });
    assert!(happened.await, "the update is lost");
    let again = home.commit(&change).await;
    assert!(
        matches!(again, Err(CommitError::Stale { stored }) if stored == change.next().version),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_silent_network_ends_every_call_in_time() {
    let database = Database::new().await;
    database.store(1).await;
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 2, FeedMode::Poll).unwrap();
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    store.ping().await.unwrap();
    proxy.turn(Mood::Silent);
    for _ in 0..2 {
        let (read, took) = timed(store.ping()).await;
        assert!(read.is_err() && took < LIMIT, "{read:?} after {took:?}");
        let (write, took) = timed(home.commit(&change)).await;
        assert!(
            matches!(
                write,
                Err(CommitError::OutcomeUnknown(_) | CommitError::Fault(StoreError::Unavailable(_)))
            ) && took < LIMIT,
            "{write:?} after {took:?}"
        );
    }
    proxy.turn(Mood::Honest);
    let healed = soon(async || store.ping().await.is_ok()).await;
    assert!(healed, "the pool ran dry");
}

#[tokio::test]
async fn a_write_that_is_overtaken_again_and_again_ends_in_time() {
    let database = Database::new().await;
    let home = Stores::of(database.store(1).await).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    // To the statement this looks like a rival that is never seen, and each time it takes nearly all that is allowed.
    let rival = "CREATE FUNCTION overtake() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_sleep(1.7); RETURN NULL; END';
                 CREATE TRIGGER rival BEFORE UPDATE ON api_tokens
                 FOR EACH ROW EXECUTE FUNCTION overtake()";
    database.connect().await.execute(rival).await.unwrap();
    let (outcome, took) = timed(home.commit(&change)).await;
    assert!(
        outcome.is_err() && took < LIMIT,
        "{outcome:?} after {took:?}"
    );
    assert_eq!(home.get(view.token.id).await, Some(view));
}

#[tokio::test]
async fn a_write_that_waits_for_a_lock_ends_with_the_servers_word() {
    let database = Database::new().await;
    let home = Stores::of(database.store(1).await).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.edit(home.system(), &view, &rename_to("b"));
    let mut other = database.connect().await;
    other
        .execute("BEGIN; LOCK TABLE api_tokens IN EXCLUSIVE MODE")
        .await
        .unwrap();
    let (outcome, took) = timed(home.commit(&change)).await;
    assert!(
        matches!(outcome, Err(CommitError::Fault(StoreError::Unavailable(_)))) && took < LIMIT,
        "{outcome:?} after {took:?}"
    );
    other.execute("COMMIT").await.unwrap();
    assert_eq!(home.get(view.token.id).await.as_ref(), Some(&view));
    home.commit(&change).await.unwrap();
}
