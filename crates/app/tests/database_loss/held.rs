//! The server is reachable and does not do what it is asked: it is read-only, or another session
//! holds a lock.

use std::time::Instant;

use countersign_xtask::sql;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    RECOVERY, ask_what_nobody_knows, assert_all_unavailable,
    common::{Node, On, TOKENS, in_a_year},
    e2e::{
        client::Client,
        history::assert_intact,
        intruder::{PostgresLock, SqliteLock},
        writer::Writer,
    },
    until_answered,
};

/// Every operation that writes is refused, also as a dry run; every one that reads is not.
async fn assert_reads_but_no_writes(client: &Client, id: &str, version: &Value) {
    let draft = json!({"name": "N", "expiry": in_a_year(), "permissions": ["api.tasks.read"]});
    let token = format!("{TOKENS}/{id}");
    for path in [
        TOKENS,
        &token,
        &format!("{token}/events"),
        &format!("{TOKENS}/current"),
    ] {
        client.get(path).await.expect(200);
    }
    client
        .post(&format!("{TOKENS}/query"), &json!({}))
        .await
        .expect(200);
    client
        .put(id, &json!({"version": version, "name": "M"}))
        .await
        .assert_unavailable();
    client.post(TOKENS, &draft).await.assert_unavailable();
    client
        .call(Method::DELETE, &token, None)
        .await
        .assert_unavailable();
    let dry = json!({"version": version, "name": "M"});
    client
        .call(Method::PUT, &format!("{token}?dryRun=true"), Some(&dry))
        .await
        .assert_unavailable();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_read_and_heals() {
    let node = Node::start(On::Postgres);
    let root = Client::root(&node);
    let mut writer = Writer::make(&root, "Kept").await;
    let database = node.database_url.rsplit_once('/').unwrap().1.to_owned();
    let set = |words: &str| {
        sql::postgres(
            &node.database_url,
            &format!("ALTER DATABASE {database} {words}"),
        )
        .unwrap();
    };
    set("SET default_transaction_read_only = on");
    node.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    until_answered(200, async || root.get(TOKENS).await).await;
    for _ in 0..3 {
        assert_reads_but_no_writes(&root, &writer.id, &json!(1)).await;
    }
    // Without ending the sessions that were opened meanwhile and stay read-only.
    sql::postgres(
        &node.database_url,
        &format!("BEGIN READ WRITE; ALTER DATABASE {database} RESET default_transaction_read_only; COMMIT"),
    )
    .unwrap();
    until_answered(200, async || writer.update(&root).await.unwrap()).await;
    writer.settle(&root).await;
    assert_intact(&node);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_makes_503s_in_time_and_heals() {
    let node = Node::start(On::Postgres);
    let root = Client::root(&node);
    let mut writer = Writer::make(&root, "Kept").await;

    // Whoever asks may be known by heart; users are looked up, like everything that is asked for.
    let lock = PostgresLock::hold(&node.database_url, "api_tokens, users");
    // Four times as many as there are connections.
    for _ in 0..2 {
        assert_all_unavailable(&ask_what_nobody_knows(&node, 64).await);
    }
    drop(lock);
    until_answered(200, async || writer.update(&root).await.unwrap()).await;

    // A lock that only writers meet: readers must not starve behind them.
    let lock = PostgresLock::hold(&node.database_url, "audit_events");
    let refused = writer.update(&root).await.unwrap();
    refused.assert_unavailable();
    root.get(&format!("{TOKENS}/{}", writer.id))
        .await
        .expect(200);
    drop(lock);
    until_answered(200, async || writer.update(&root).await.unwrap()).await;
    writer.settle(&root).await;
    assert_intact(&node);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_write_lock_on_sqlite_makes_503s_in_time_and_heals() {
    let node = Node::start(On::Sqlite);
    let root = Client::root(&node);
    let mut books = Writer::crowd(&root).await;
    let lock = SqliteLock::hold(&node.server.folder().join("tokens.db"));

    let mut writing = JoinSet::new();
    for mut writer in books {
        let client = Client::root(&node);
        writing.spawn(async move {
            let refused = writer.update(&client).await.unwrap();
            refused.assert_unavailable();
            client
                .get(&format!("{TOKENS}/{}", writer.id))
                .await
                .expect(200);
            writer
        });
    }
    books = writing.join_all().await;
    assert_reads_but_no_writes(&root, &books[0].id, &json!(1)).await;
    drop(lock);
    for writer in &mut books {
        let start = Instant::now();
        while writer.update(&root).await.unwrap().status != 200 {
            assert!(start.elapsed() < RECOVERY, "not healed after {RECOVERY:?}");
        }
        writer.settle(&root).await;
    }
    assert_intact(&node);
}
