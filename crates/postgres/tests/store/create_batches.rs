//! Creations that gather while others are under way, beside a rival of one of them, and over a
//! connection that breaks.

use std::time::Duration;

use countersign_application::{
    ports::{CommitError, StoreHealth as _},
    testing::{Stores, TestTenant},
};
use countersign_domain::{Change, Fingerprint, IdempotentRequest};
use countersign_postgres::{FeedMode, PostgresStore};
use sqlx::Executor as _;

use crate::support::{
    Database, Mood, Proxy,
    batches::{commit_all, only_the_name_of_20_is_taken},
    soon, timed,
};

const MANY: usize = 40;
const LIMIT: Duration = Duration::from_secs(5);

/// Each under a key of its own.
#[expect(clippy::unwrap_used, reason = "the keys are well formed")]
fn many(home: &TestTenant) -> Vec<Change> {
    let creation = |n| {
        let once = IdempotentRequest {
            key: format!("key-{n}").parse().unwrap(),
            fingerprint: Fingerprint::of(b"{}"),
        };
        let draft = home.draft(&format!("token {n}"));
        home.creation(home.system(), &draft, Some(once)).0
    };
    (0..MANY).map(creation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_creations_shares_statements() {
    let database = Database::new().await;
    database.store(1).await;
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 4, FeedMode::Poll).unwrap();
    let home = Stores::of(store).realm("home").await;
    let changes = many(&home);
    proxy.executions();
    for outcome in commit_all(&home, &changes).await {
        outcome.unwrap();
    }
    // Two alone, and the others in one. New connections begin with a statement each.
    let statements = proxy.executions();
    assert!(statements <= 8, "{statements} statements");
    for change in &changes {
        let stored = home.get(change.next().id).await.unwrap();
        assert_eq!(stored.token, *change.next());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_the_database_refuses_fails_one_creation() {
    let database = Database::new().await;
    let home = Stores::of(database.store(6).await).realm("home").await;
    let forbid = "ALTER TABLE api_tokens ADD CONSTRAINT outage CHECK (name <> 'token 20')";
    database.connect().await.execute(forbid).await.unwrap();
    let changes = many(&home);
    for (n, outcome) in commit_all(&home, &changes).await.into_iter().enumerate() {
        assert_eq!(outcome.is_ok(), n != 20, "{n}: {outcome:?}");
        let stored = home.get(changes[n].next().id).await;
        assert_eq!(stored.is_some(), n != 20);
    }
}

/// A creation that goes alone takes no lock of its name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_taken_meanwhile_fails_one_creation() {
    let database = Database::new().await;
    let home = Stores::of(database.store(6).await).realm("home").await;
    let rival = home.make("rival").await.view;
    let mut other = database.connect().await;
    let take = format!(
        "BEGIN; UPDATE api_tokens SET name_key = 'token 20' WHERE id = '{}'",
        rival.token.id
    );
    other.execute(sqlx::AssertSqlSafe(take)).await.unwrap();
    let changes = many(&home);
    let committed = tokio::spawn({
        let (home, changes) = (home.clone(), changes.clone());
        async move { commit_all(&home, &changes).await }
    });
    database.until_somebody_waits().await;
    other.execute("COMMIT").await.unwrap();
    only_the_name_of_20_is_taken(committed.await.unwrap());
}

/// The name that is taken was then taken under the same key, by another node, after the statement
/// for many had begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_used_meanwhile_decides_before_the_name() {
    let database = Database::new().await;
    let home = Stores::of(database.store(6).await).realm("home").await;
    let there = TestTenant {
        stores: Stores::of(database.store(2).await),
        ..home.clone()
    };
    let mut other = database.connect().await;
    let hold = format!(
        "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('{}' || 'token 20', 1))",
        home.tenant.id
    );
    other.execute(sqlx::AssertSqlSafe(hold)).await.unwrap();
    let (changes, mut again) = (many(&home), many(&home));
    let made = again.swap_remove(20);
    let committed = tokio::spawn({
        let (home, changes) = (home.clone(), changes.clone());
        async move { commit_all(&home, &changes).await }
    });
    database.until_somebody_waits().await;
    // It goes alone, and takes no lock of its name.
    there.commit(&made).await.unwrap();
    other.execute("COMMIT").await.unwrap();
    for (n, outcome) in committed.await.unwrap().into_iter().enumerate() {
        if n == 20 {
            assert!(
                matches!(outcome, Err(CommitError::AlreadyMade { token, .. })
                    if token == made.next().id),
                "{outcome:?}"
            );
        } else {
            outcome.unwrap();
        }
    }
}

/// The statement happens, for all of them, and each finds its own token by its key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_leaves_the_outcome_of_all_creations_open() {
    let database = Database::new().await;
    let seen = Stores::of(database.store(2).await);
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 4, FeedMode::Poll).unwrap();
    let home = Stores::of(store.clone()).realm("home").await;
    // Once, so that the statements are prepared.
    let draft = |n| home.draft(&format!("early {n}"));
    let early: Vec<_> = (0..MANY)
        .map(|n| home.creation(home.system(), &draft(n), None).0)
        .collect();
    for outcome in commit_all(&home, &early).await {
        outcome.unwrap();
    }
    // The first two go alone; the others wait together for a name.
    let mut other = database.connect().await;
    let take = format!(
        "BEGIN; UPDATE api_tokens SET name_key = 'token 20' WHERE id = '{}'",
        early[0].next().id
    );
    other.execute(sqlx::AssertSqlSafe(take)).await.unwrap();
    let changes = many(&home);
    let committed = tokio::spawn({
        let (home, changes) = (home.clone(), changes.clone());
        async move { timed(commit_all(&home, &changes)).await }
    });
    database.until_somebody_waits().await;
    proxy.turn(Mood::Silent);
    other.execute("ROLLBACK").await.unwrap();
    let (outcomes, took) = committed.await.unwrap();
    assert!(took < LIMIT, "{took:?}");
    proxy.turn(Mood::Honest);
    let unknown = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(CommitError::OutcomeUnknown(_))));
    assert!(unknown.count() >= MANY - 4, "{outcomes:?}");
    for change in &changes {
        let stored = async || {
            let stored = seen.tokens.get(home.tenant.id, change.next().id).await;
            stored.unwrap().map(|view| view.token) == Some(change.next().clone())
        };
        assert!(soon(stored).await, "a creation is lost");
    }
    assert!(soon(async || store.ping().await.is_ok()).await);
    for (change, outcome) in changes.iter().zip(commit_all(&home, &changes).await) {
        assert!(
            matches!(outcome, Err(CommitError::AlreadyMade { token, .. })
                if token == change.next().id),
            "{outcome:?}"
        );
    }
}
