//! Updates that gather while others run, beside another session that blocks one of them, and over a
//! connection that breaks.

use std::time::Duration;

use countersign_application::{
    ports::{CommitError, StoreError, StoreHealth as _},
    testing::{Stores, TestTenant, no_change, rename_to},
};
use countersign_domain::{Change, TokenView};
use countersign_postgres::{FeedMode, PostgresStore};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use sqlx::Executor as _;

use crate::support::{
    Database, Mood, Proxy,
    batches::{commit_all, only_the_name_of_20_is_taken},
    soon, timed,
};

const MANY: usize = 40;
const LIMIT: Duration = Duration::from_secs(5);

async fn many(home: &TestTenant) -> Vec<TokenView> {
    let mut made = Vec::new();
    for n in 0..MANY {
        made.push(home.make(&format!("token {n}")).await.view);
    }
    made
}

fn shortened(home: &TestTenant, view: &TokenView) -> Change {
    let mut edit = no_change(view);
    edit.expiry = Some(view.token.expiry.minus_seconds(1));
    home.edit(home.system(), view, &edit)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_updates_shares_statements() {
    let database = Database::new().await;
    database.store(1).await;
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 4, FeedMode::Poll).unwrap();
    let home = Stores::of(store).realm("home").await;
    let views = many(&home).await;
    let changes: Vec<_> = views.iter().map(|view| shortened(&home, view)).collect();
    proxy.executions();
    for outcome in commit_all(&home, &changes).await {
        outcome.unwrap();
    }
    // Two alone, and the others in one. New connections begin with a statement each.
    let statements = proxy.executions();
    assert!(statements <= 8, "{statements} statements");
    for (view, change) in views.iter().zip(&changes) {
        assert_eq!(home.get(view.token.id).await, Some(view.after(change)));
    }
}

/// It is in the way of one of them, and costs the others nothing but time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_somebody_holds_fails_one_update() {
    let database = Database::new().await;
    let home = Stores::of(database.store(6).await).realm("home").await;
    let views = many(&home).await;
    let changes: Vec<_> = views.iter().map(|view| shortened(&home, view)).collect();
    let held = &views[MANY / 2];
    let mut other = database.connect().await;
    let lock = format!(
        "BEGIN; SELECT 1 FROM api_tokens WHERE id = '{}' FOR UPDATE",
        held.token.id
    );
    other.execute(sqlx::AssertSqlSafe(lock)).await.unwrap();
    let (outcomes, took) = timed(commit_all(&home, &changes)).await;
    assert!(took < LIMIT, "{took:?}");
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let fails = n == MANY / 2;
        let failed = matches!(outcome, Err(CommitError::Fault(StoreError::Unavailable(_))));
        assert!(
            failed == fails && outcome.is_ok() != fails,
            "{n}: {outcome:?}"
        );
    }
    assert_eq!(home.get(held.token.id).await.as_ref(), Some(held));
}

/// It is refused at once, while those that came before wait for what somebody holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_update_more_than_may_wait_is_refused() {
    let database = Database::new().await;
    let home = Stores::of(database.store(6).await).realm("home").await;
    let view = home.make("held").await.view;
    let mut other = database.connect().await;
    let lock = format!(
        "BEGIN; SELECT 1 FROM api_tokens WHERE id = '{}' FOR UPDATE",
        view.token.id
    );
    other.execute(sqlx::AssertSqlSafe(lock)).await.unwrap();
    let change = shortened(&home, &view);
    let (sent, waiting) = (2, 64 * 64);
    let all = (0..=(sent + waiting)).map(|_| home.commit(&change));
    let mut all: FuturesUnordered<_> = all.collect();
    let (first, took) = timed(all.next()).await;
    assert!(took < Duration::from_millis(800), "{took:?}");
    let refused = first.unwrap().unwrap_err();
    let CommitError::Fault(StoreError::Unavailable(why)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(why.to_string(), "too many changes wait for the database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_the_database_refuses_fails_one_update() {
    let database = Database::new().await;
    let home = Stores::of(database.store(6).await).realm("home").await;
    let views = many(&home).await;
    let forbid = "ALTER TABLE api_tokens ADD CONSTRAINT outage CHECK (name <> 'new 20')";
    database.connect().await.execute(forbid).await.unwrap();
    let renamed = |(n, view): (usize, &TokenView)| {
        home.edit(home.system(), view, &rename_to(&format!("new {n}")))
    };
    let changes: Vec<_> = views.iter().enumerate().map(renamed).collect();
    for (n, outcome) in commit_all(&home, &changes).await.into_iter().enumerate() {
        assert_eq!(outcome.is_ok(), n != 20, "{n}: {outcome:?}");
    }
    assert_eq!(
        home.get(views[20].token.id).await.as_ref(),
        Some(&views[20])
    );
}

/// A writer that takes no locks, such as a node of the release before, has a name that nobody sees
/// yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_taken_meanwhile_fails_one_update() {
    let database = Database::new().await;
    let home = Stores::of(database.store(6).await).realm("home").await;
    let rival = home.make("rival").await.view;
    let views = many(&home).await;
    let mut other = database.connect().await;
    let take = format!(
        "BEGIN; UPDATE api_tokens SET name_key = 'new 20' WHERE id = '{}'",
        rival.token.id
    );
    other.execute(sqlx::AssertSqlSafe(take)).await.unwrap();
    let renamed = |(n, view): (usize, &TokenView)| {
        home.edit(home.system(), view, &rename_to(&format!("new {n}")))
    };
    let changes: Vec<_> = views.iter().enumerate().map(renamed).collect();
    let committed = tokio::spawn({
        let home = home.clone();
        async move { commit_all(&home, &changes).await }
    });
    database.until_somebody_waits().await;
    other.execute("COMMIT").await.unwrap();
    only_the_name_of_20_is_taken(committed.await.unwrap());
}

/// The statement happens, for all of them, and the versions tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_leaves_the_outcome_of_all_open() {
    let database = Database::new().await;
    let seen = Stores::of(database.store(2).await);
    let proxy = Proxy::to(database.port()).await;
    let store = PostgresStore::open(&database.url(Some(proxy.port)), 4, FeedMode::Poll).unwrap();
    let home = Stores::of(store.clone()).realm("home").await;
    let mut views = many(&home).await;
    // Once, so that the statements are prepared.
    let changes: Vec<_> = views.iter().map(|view| shortened(&home, view)).collect();
    let outcomes = commit_all(&home, &changes).await;
    for (view, (outcome, change)) in views.iter_mut().zip(outcomes.into_iter().zip(&changes)) {
        outcome.unwrap();
        *view = view.after(change);
    }
    // The first two go alone; the others wait together for the row of one of them.
    let mut other = database.connect().await;
    let lock = format!(
        "BEGIN; SELECT 1 FROM api_tokens WHERE id = '{}' FOR UPDATE",
        views[MANY / 2].token.id
    );
    other.execute(sqlx::AssertSqlSafe(lock)).await.unwrap();
    let changes: Vec<_> = views.iter().map(|view| shortened(&home, view)).collect();
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
    for (view, change) in views.iter().zip(&changes) {
        let stored = async || {
            let stored = seen.tokens.get(home.tenant.id, view.token.id).await;
            stored.unwrap() == Some(view.after(change))
        };
        assert!(soon(stored).await, "an update is lost");
    }
    assert!(soon(async || store.ping().await.is_ok()).await);
}
