//! Tests that need the store's own connections: their settings, a full or read-only file, and how
//! queries are answered.

use countersign_application::{
    ports::{CommitError, StoreError},
    query::{Filter, PageRequest},
    testing::{Stores, TestTenant, no_change},
};
use sqlx::{AssertSqlSafe, Row as _, SqlitePool};
use tempfile::TempDir;

use super::SqliteStore;

pub(crate) async fn fresh() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    (folder, store)
}

async fn run(pool: &SqlitePool, sql: &'static str) -> i64 {
    let answer = sqlx::query_scalar(sql).fetch_optional(pool).await;
    answer.unwrap().unwrap_or_default()
}

#[tokio::test]
async fn what_is_acknowledged_is_on_disk() {
    let (_folder, store) = fresh().await;
    for pool in [&store.writer.pool, &store.readers] {
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(mode, "wal");
        assert_eq!(run(pool, "PRAGMA foreign_keys").await, 1);
        assert_eq!(run(pool, "PRAGMA busy_timeout").await, 2000);
    }
    let full = 2;
    assert_eq!(run(&store.writer.pool, "PRAGMA synchronous").await, full);
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_folder, store) = fresh().await;
    let outcome = sqlx::query("UPDATE users SET name = ''")
        .execute(&store.readers)
        .await;
    let told = outcome.unwrap_err().to_string();
    assert!(told.contains("readonly"), "{told}");
}

#[tokio::test]
async fn a_call_that_gets_no_connection_ends_and_the_next_one_works() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("a").await.view;
    let change = home.revocation(home.system(), &view);
    let mut taken = vec![store.writer.acquire().await.unwrap()];
    while let Ok(reader) = store.readers.acquire().await {
        taken.push(reader);
    }
    let began = std::time::Instant::now();
    let read = home.stores.tokens.get(home.tenant.id, view.token.id).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))));
    let error = home.commit(&change).await.unwrap_err();
    assert!(
        matches!(error, CommitError::Fault(StoreError::Unavailable(_))),
        "{error:?}"
    );
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
    drop(taken);
    assert_eq!(home.get(view.token.id).await, Some(view));
    home.commit(&change).await.unwrap();
}

/// Commits changes that grow the file until the store refuses.
async fn fill(home: &TestTenant, round: usize) -> CommitError {
    for n in 0..10_000 {
        let draft = home.draft(&format!("{round} {n}"));
        let (change, _) = home.creation(home.system(), &draft, None);
        if let Err(error) = home.commit(&change).await {
            assert_eq!(home.get(change.next().id).await, None);
            return error;
        }
    }
    panic!("never full");
}

#[tokio::test]
async fn a_full_file_is_no_answer_and_heals() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("before").await.view;
    for round in 0..3 {
        run(&store.writer.pool, "PRAGMA max_page_count = 1").await;
        let error = fill(&home, round).await;
        assert!(
            matches!(error, CommitError::Fault(StoreError::Unwritable(_))),
            "{error:?}"
        );
        assert_eq!(home.get(view.token.id).await.as_ref(), Some(&view));
        run(&store.writer.pool, "PRAGMA max_page_count = 100000").await;
        let again = home.make("after").await.view;
        home.revoke(&again).await;
    }
}

#[tokio::test]
async fn a_rollback_behind_the_drivers_back_costs_one_connection_not_the_store() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let mut lost = store.writer.begin().await.unwrap();
    sqlx::query("ROLLBACK").execute(&mut *lost).await.unwrap();
    drop(lost);
    home.make("after").await;
}

#[tokio::test]
async fn a_read_only_file_is_no_answer_and_heals() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let view = home.make("a").await.view;
    run(&store.writer.pool, "PRAGMA query_only = ON").await;
    let change = home.revocation(home.system(), &view);
    let error = home.commit(&change).await.unwrap_err();
    assert!(
        matches!(error, CommitError::Fault(StoreError::Unwritable(_))),
        "{error:?}"
    );
    run(&store.writer.pool, "PRAGMA query_only = OFF").await;
    home.commit(&change).await.unwrap();
}

#[tokio::test]
async fn no_list_and_no_order_walks_the_whole_table() {
    let (_folder, store) = fresh().await;
    let live = "SELECT id FROM api_tokens WHERE revoked_at IS NULL AND tenant_id = x'00'";
    let chain = "SELECT hash FROM audit_events WHERE tenant_id = x'00' AND token_id = x'00'";
    for (sql, index) in [
        (
            format!("{live} AND id > x'00' ORDER BY id"),
            "api_tokens_live",
        ),
        (
            format!("{live} ORDER BY name_key, id"),
            "api_tokens_live_name",
        ),
        (
            format!("{live} ORDER BY expiry, id"),
            "api_tokens_live_expiry",
        ),
        (
            format!("{live} ORDER BY created_at, id"),
            "api_tokens_live_created",
        ),
        (
            format!("{live} ORDER BY modified_at, id"),
            "api_tokens_live_modified",
        ),
        (
            format!("{chain} ORDER BY version_after DESC"),
            "audit_events_1",
        ),
        (
            "SELECT kind FROM audit_events WHERE rowid > 1 ORDER BY rowid".to_owned(),
            "INTEGER PRIMARY KEY",
        ),
        (
            "SELECT t.id FROM api_tokens t \
             JOIN token_uses l ON l.tenant_id = t.tenant_id AND l.token_id = t.id \
             WHERE t.revoked_at IS NULL AND t.tenant_id = x'00' ORDER BY l.used_at, l.token_id"
                .to_owned(),
            "token_uses_order",
        ),
    ] {
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(&store.readers)
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("\n");
        assert!(
            plan.contains(index) && plan.contains("SEARCH"),
            "{sql}: {plan}"
        );
        let sorted_by_index = !plan.contains("TEMP B-TREE FOR ORDER BY");
        assert!(sorted_by_index, "{sql}: {plan}");
    }
}

#[tokio::test]
async fn a_change_that_is_given_up_is_stored_whole_or_not_at_all() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store).realm("home").await;
    let mut view = home.make("0").await.view;
    let (tokens, tenant, id) = (&home.stores.tokens, home.tenant.id, view.token.id);
    let (mut stored, mut given_up) = (0, 0);
    for n in 1..=300 {
        let mut edit = no_change(&view);
        edit.name = n.to_string();
        let change = home.edit(home.system(), &view, &edit);
        let patience = std::time::Duration::from_micros(n * 10);
        match tokio::time::timeout(patience, home.commit(&change)).await {
            Ok(outcome) => outcome.unwrap(),
            Err(_) => given_up += 1,
        }
        // After the next writer in the queue, the running work has ended.
        home.stores
            .tenants
            .create(&home.stores.tenant(&n.to_string()))
            .await
            .unwrap();
        let read = home.get(id).await.unwrap();
        if read == view.after(&change) {
            stored += 1;
        } else {
            assert_eq!(read, view);
        }
        let events = tokens.events(tenant, id, None, 1).await.unwrap();
        assert_eq!(events[0].event.hash, read.head);
        let user = home.stores.users.user(tenant, read.token.user).await;
        assert_eq!(&*user.unwrap().unwrap().name, read.token.name.as_str());
        view = read;
    }
    assert!(
        stored > 0 && given_up > 0,
        "{stored} stored, {given_up} given up"
    );
}

#[tokio::test]
async fn a_page_and_its_total_are_of_one_moment() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store).realm("home").await;
    let all = Filter::All(Vec::new());
    let page = PageRequest {
        number: 0,
        size: 100,
        count_to: None,
    };
    let writes = async {
        for n in 0..60 {
            home.make(&n.to_string()).await;
        }
    };
    let reads = async {
        for _ in 0..120 {
            let tokens = &home.stores.tokens;
            let page = tokens.query(home.tenant.id, &all, &[], page).await.unwrap();
            assert_eq!(page.total, page.content.len() as u64);
        }
    };
    futures_util::future::join(writes, reads).await;
}

/// The library's thread works on when nobody waits for its answer, unless it is stopped.
#[tokio::test]
async fn a_question_without_end_ends_and_its_connection_serves_again() {
    let (_folder, store) = fresh().await;
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let began = std::time::Instant::now();
    let answer = sqlx::query_scalar::<_, i64>(endless).fetch_one(&store.questions);
    assert!(answer.await.is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
    for _ in 0..4 {
        assert_eq!(run(&store.questions, "SELECT 7").await, 7);
    }
}
