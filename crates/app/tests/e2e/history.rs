//! Consistency of everything that is stored of a token: its record, its user's name, and its
//! events.

use serde_json::Value;

use super::client::Client;
use crate::common::{Node, TOKENS, text};

/// The fields that an update may change; an event names those that it did change.
pub(crate) const FIELDS: [&str; 4] = ["name", "expiry", "allowedAddresses", "permissions"];

/// All events, the newest first, read page by page.
pub(crate) async fn events(client: &Client, id: &str) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(&format!("{TOKENS}/{id}/events?limit=100{cursor}"))
            .await
            .expect(200);
        events.extend(page["content"].as_array().unwrap().iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return events,
        }
    }
}

/// That there is exactly one event per version from 1 to `last`, each following on the one before.
pub(crate) async fn assert_one_event_per_version(
    client: &Client,
    id: &str,
    last: u64,
) -> Vec<Value> {
    let events = events(client, id).await;
    let versions: Vec<u64> = events
        .iter()
        .map(|e| e["version"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (1..=last).rev().collect();
    assert_eq!(versions, expected, "the versions in the history of {id}");
    for event in &events {
        let before = event["version"].as_u64().filter(|v| *v > 1).map(|v| v - 1);
        assert_eq!(event["versionBefore"].as_u64(), before, "{event}");
    }
    events
}

/// The record of a live token, after a look at whether its user and its newest event agree with it.
pub(crate) async fn agreed(client: &Client, id: &str) -> Value {
    loop {
        let record = client.get(&format!("{TOKENS}/{id}")).await.expect(200);
        let user = record["userId"].as_str().unwrap();
        let user = client
            .get(&format!("/api/v1/users/{user}"))
            .await
            .expect(200);
        let newest = client
            .get(&format!("{TOKENS}/{id}/events?limit=1"))
            .await
            .expect(200);
        let again = client.get(&format!("{TOKENS}/{id}")).await.expect(200);
        if again["version"] != record["version"] {
            // A server may carry out a statement whose client is gone by now.
            continue;
        }
        let newest = &newest["content"][0];
        assert_eq!(
            user["name"], record["name"],
            "the user's name beside {record}"
        );
        assert_eq!(
            newest["version"], record["version"],
            "{newest} beside {record}"
        );
        for field in FIELDS {
            let after = &newest["changes"][field]["after"];
            assert!(
                after.is_null() || *after == record[field],
                "{newest} is the newest event beside {record}"
            );
        }
        return record;
    }
}

/// That the binary itself finds every chain intact.
pub(crate) fn assert_intact(node: &Node) {
    let verified = node.command(&["audit", "verify"]);
    let (out, err) = (text(&verified.stdout), text(&verified.stderr));
    assert!(verified.status.success(), "{out}{err}");
    assert!(out.starts_with("intact: "), "{out}{err}");
}
