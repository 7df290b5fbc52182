//! A store that takes no changes: full, read-only, or not the open file any more. Checks continue,
//! operators are informed, and acknowledged changes exist after a restart.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use common::{Node, On, TOKENS, answered, in_a_year};
use countersign_xtask::sql;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A node's tries come every 5 s.
const PATIENCE: Duration = Duration::from_secs(20);

async fn create(node: &Node, name: &str) -> Response {
    let body = json!({
        "name": name,
        "expiry": in_a_year(),
        "permissions": ["api.api-tokens.read"],
    });
    let request = node.request(Method::POST, TOKENS).json(&body);
    request.send().await.unwrap()
}

async fn ready(node: &Node) -> (u16, Value) {
    let answer = node.request(Method::GET, "/health/ready").send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn until_ready_says(node: &Node, status: u16, writes: Option<&str>) {
    let end = Instant::now() + PATIENCE;
    loop {
        let (actual, body) = ready(node).await;
        if actual == status && body["writes"].as_str() == writes {
            return;
        }
        assert!(Instant::now() < end, "still {actual} {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn check(node: &Node) -> u16 {
    let answer = node.request(Method::GET, "/auth").send().await.unwrap();
    answer.status().as_u16()
}

async fn is_writable(node: &Node) -> bool {
    let page = node.request(Method::GET, "/metrics").send().await.unwrap();
    let page = page.text().await.unwrap();
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("countersign_store_writable "));
    line.expect("the page shows it").parse::<f64>().unwrap() > 0.5
}

/// Limits how big the process's files may become; the hard limit stays.
fn limit_files(node: &Node, soft: &str) {
    let status = Command::new("prlimit")
        .arg(format!("--pid={}", node.server.pid().unwrap()))
        .arg(format!("--fsize={soft}:"))
        .status();
    assert!(status.expect("prlimit is there").success());
}

#[tokio::test]
async fn a_limit_of_file_sizes_is_a_full_disk_and_heals() {
    let mut node = Node::start(On::Sqlite);
    let log = node.server.folder().join("tokens.db-wal");
    assert!(is_writable(&node).await);
    assert_eq!(ready(&node).await, (200, json!({"status": "up"})));
    let room = fs::metadata(&log).unwrap().len() + 100_000;
    limit_files(&node, &room.to_string());
    let mut made = Vec::new();
    let refused = loop {
        let answer = create(&node, &format!("Token {}", made.len())).await;
        if answer.status() != 201 {
            break answer;
        }
        made.push(answered(answer, 201).await["id"].clone());
        assert!(made.len() < 1000, "never full");
    };
    let problem = answered(refused, 503).await;
    assert_eq!(problem["type"], "/problems/store-unavailable");
    // As long as nobody gives room, that stays so.
    until_ready_says(&node, 200, Some("unavailable")).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    until_ready_says(&node, 200, Some("unavailable")).await;
    assert!(!is_writable(&node).await);
    assert_eq!(check(&node).await, 200);

    limit_files(&node, "unlimited");
    // Found out by itself.
    until_ready_says(&node, 200, None).await;
    assert!(is_writable(&node).await);
    made.push(answered(create(&node, "Afterwards").await, 201).await["id"].clone());
    let told = node.server.log().unwrap();
    assert!(told.contains("the store takes no changes"), "{told}");
    assert!(told.contains("the store takes changes again"), "{told}");

    node.server.kill().unwrap();
    node.server.restart().unwrap();
    for id in &made {
        node.get(id.as_str().unwrap()).await;
    }
    assert_eq!(
        node.sql("SELECT count(*) FROM api_tokens"),
        (made.len() + 1).to_string()
    );
    assert!(node.command(&["audit", "verify"]).status.success());
}

#[tokio::test]
async fn a_read_only_server_is_told_and_heals() {
    let node = Node::start(On::Postgres);
    let database = node.database_url.rsplit_once('/').unwrap().1.to_owned();
    let set = |words: &str| {
        let alter = format!("BEGIN READ WRITE; ALTER DATABASE {database} {words}; COMMIT");
        sql::postgres(&node.database_url, &alter).unwrap();
    };
    assert_eq!(ready(&node).await, (200, json!({"status": "up"})));
    set("SET default_transaction_read_only = on");
    node.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    // Before anybody has tried to change anything.
    until_ready_says(&node, 200, Some("unavailable")).await;
    answered(create(&node, "Refused").await, 503).await;
    assert_eq!(check(&node).await, 200);
    assert!(!is_writable(&node).await);
    set("RESET default_transaction_read_only");
    until_ready_says(&node, 200, None).await;
    answered(create(&node, "Taken").await, 201).await;
    assert!(is_writable(&node).await);
}

#[tokio::test]
async fn a_file_that_is_gone_takes_nothing_that_a_restart_would_not_find() {
    for (gone, with) in [
        ("tokens.db", None),
        ("tokens.db", Some("tokens.db")),
        ("tokens.db-wal", None),
        ("tokens.db-shm", None),
    ] {
        let mut node = Node::start(On::Sqlite);
        let kept = node.create("Kept").await["id"].clone();
        let path = node.server.folder().join(gone);
        let aside = node.server.folder().join("aside");
        fs::rename(&path, &aside).unwrap();
        if let Some(copy) = with {
            fs::copy(&aside, node.server.folder().join(copy)).unwrap();
        }
        let problem = answered(create(&node, "Lost").await, 503).await;
        assert_eq!(problem["type"], "/problems/store-unavailable", "{gone}");
        let (status, body) = ready(&node).await;
        assert_eq!(
            (status, body["status"].as_str()),
            (503, Some("down")),
            "{gone}"
        );
        // It is not put right by itself, and told without anybody asking.
        until_ready_says(&node, 503, Some("unavailable")).await;
        let told = node.server.log().unwrap();
        assert!(told.contains("was deleted or replaced"), "{gone}: {told}");
        assert_eq!(check(&node).await, 200, "{gone}");

        // The same file, back in its place, holds all there was.
        fs::rename(&aside, &path).unwrap();
        until_ready_says(&node, 200, None).await;
        answered(create(&node, "Afterwards").await, 201).await;
        node.server.kill().unwrap();
        node.server.restart().unwrap();
        node.get(kept.as_str().unwrap()).await;
        assert_eq!(node.sql("SELECT count(*) FROM api_tokens"), "3", "{gone}");
    }
}

#[tokio::test]
async fn a_start_without_the_database_that_was_here_warns() {
    let mut node = Node::start(On::Sqlite);
    assert!(!node.server.log().unwrap().contains("is gone"));
    node.server.terminate().unwrap();
    fs::remove_file(node.server.folder().join("tokens.db")).unwrap();
    node.server.restart().unwrap();
    let told = node.server.log().unwrap();
    let warned = told
        .lines()
        .find(|line| line.contains("a database was here before and is gone"));
    let warned = warned.expect(&told);
    for file in ["tokens.db.lock", "tokens.db.root-token"] {
        assert!(warned.contains(file), "{warned}");
    }
    assert!(told.contains("is still in this file"), "{told}");
}

#[tokio::test]
async fn a_backup_beside_the_log_of_the_file_before_warns() {
    let mut node = Node::start(On::Sqlite);
    let folder = node.server.folder().to_owned();
    node.create("After the backup").await;
    node.server.kill().unwrap();
    assert!(fs::metadata(folder.join("tokens.db-wal")).unwrap().len() > 0);
    let warned = |node: &Node| {
        node.server
            .log()
            .unwrap()
            .contains("this log is older than")
    };
    node.server.restart().unwrap();
    assert!(!warned(&node), "after a crash there is nothing to warn of");
    node.create("Once more").await;
    node.server.kill().unwrap();
    fs::copy(folder.join("tokens.db"), folder.join("tokens.db.copy")).unwrap();
    fs::rename(folder.join("tokens.db.copy"), folder.join("tokens.db")).unwrap();
    node.server.restart().unwrap();
    assert!(warned(&node));
}
