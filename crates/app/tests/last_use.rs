//! The last use of a token, by the real binary on both databases: stored late, never lost at an
//! orderly end, and never in the way of a change.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::time::{Duration, Instant};

use common::{BINARY, BOTH, Node, TOKENS, answered, in_a_year};
use countersign_xtask::server::Launch;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

async fn used(node: &Node, made: &Value) -> StatusCode {
    let secret = made["token"].as_str().unwrap();
    let answer = node.request_as(secret, Method::GET, "/auth").send().await;
    answer.unwrap().status()
}

/// The record, once it shows a use.
async fn shown(node: &Node, made: &Value) -> Value {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let record = node.get(id(made)).await;
        if record["lastUsedDate"].is_string() {
            return record;
        }
        assert!(Instant::now() < end, "{record}");
    }
}

#[tokio::test]
async fn a_use_shows_after_the_interval_and_changes_nothing_else() {
    for on in BOTH {
        let node = Node::start_with(on, &[("COUNTERSIGN_USAGE_INTERVAL_SECONDS", "1")]);
        let made = node.create("used").await;
        let before = node.get(id(&made)).await;
        assert_eq!(before["lastUsedDate"], Value::Null);
        assert_eq!(used(&node, &made).await, StatusCode::OK);
        let mut after = shown(&node, &made).await;
        assert_eq!(after["lastUsedAddress"], "127.0.0.1");
        assert_eq!(after["secrets"][0]["lastUsedDate"], after["lastUsedDate"]);
        for field in ["lastUsedDate", "lastUsedAddress", "secrets"] {
            after[field] = before[field].clone();
        }
        assert_eq!(after, before, "{on:?}");
        // A change that was made for the record as it was still lands.
        let renamed = node.rename(id(&made), 1, "renamed").await;
        let renamed = answered(renamed, 200).await;
        assert!(renamed["lastUsedDate"].is_string());
    }
}

#[tokio::test]
async fn an_orderly_end_loses_no_use() {
    for on in BOTH {
        let mut node = Node::start_with(on, &[("COUNTERSIGN_USAGE_INTERVAL_SECONDS", "3600")]);
        let made = node.create("used").await;
        assert_eq!(used(&node, &made).await, StatusCode::OK);
        assert!(node.server.terminate().unwrap().success());
        node.server.restart().unwrap();
        let record = node.get(id(&made)).await;
        assert!(record["lastUsedDate"].is_string(), "{on:?}: {record}");
    }
}

#[tokio::test]
async fn a_crash_loses_one_interval_and_nothing_that_was_changed() {
    for on in BOTH {
        let interval = ("COUNTERSIGN_USAGE_INTERVAL_SECONDS", "1");
        let mut node = Node::start_with(on, &[interval]);
        let made = node.create("used").await;
        used(&node, &made).await;
        let known = shown(&node, &made).await;
        let renamed = node.rename(id(&made), 1, "renamed").await;
        answered(renamed, 200).await;
        node.server.kill().unwrap();
        node.server.restart().unwrap();
        let record = node.get(id(&made)).await;
        assert_eq!(record["name"], "renamed");
        assert!(record["lastUsedDate"].as_str() >= known["lastUsedDate"].as_str());
    }
}

#[tokio::test]
async fn tokens_that_nobody_uses_are_found() {
    for on in BOTH {
        let mut launch = Launch::new(BINARY, on.database());
        launch.environment = vec![("COUNTERSIGN_USAGE_INTERVAL_SECONDS".into(), "1".into())];
        let node = Node::launch(launch);
        let (idle, busy) = (node.create("idle").await, node.create("busy").await);
        used(&node, &busy).await;
        shown(&node, &busy).await;
        let filter = json!({"$or": [
            {"lastUsedDate": {"$lt": "2026-01-01T00:00:00Z"}},
            {"lastUsedDate": null},
        ]});
        let path = format!("{TOKENS}/query?sort=lastUsedDate,asc");
        let found = node.request(Method::POST, &path).json(&filter).send().await;
        let found = answered(found.unwrap(), 200).await;
        let ids: Vec<_> = found["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["id"].clone())
            .collect();
        assert!(ids.contains(&idle["id"]) && !ids.contains(&busy["id"]));
        let filter = json!({"lastUsedDate": {"$lt": in_a_year()}});
        let found = node.request(Method::POST, &path).json(&filter).send().await;
        let found = answered(found.unwrap(), 200).await;
        let last = found["content"].as_array().unwrap().last().unwrap().clone();
        assert!(last["lastUsedDate"].is_string());
    }
}
