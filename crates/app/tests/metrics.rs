//! The metrics as a monitoring system reads them, and the dashboard that uses them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    time::{Duration, Instant},
};

use common::{Node, On, TOKENS, answered, in_a_year, in_seconds};
use reqwest::{Client, Method};
use serde_json::Value;

const ALERTS: &str = include_str!("../../../docs/alerts.yml");
const DASHBOARD: &str = include_str!("../../../docs/grafana-dashboard.json");

/// The names of all samples of a page that is strictly as `OpenMetrics` has it.
fn samples(page: &str) -> BTreeSet<String> {
    let body = page.strip_suffix("# EOF\n").expect("the page ends");
    let (mut kinds, mut seen, mut names) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for line in body.lines() {
        if let Some(told) = line.strip_prefix("# ") {
            let words: Vec<&str> = told.splitn(3, ' ').collect();
            assert_eq!(words.len(), 3, "{line}");
            match words[0] {
                "TYPE" => {
                    let known = kinds.insert(words[1].to_owned(), words[2].to_owned());
                    assert_eq!(known, None, "{line}: a family is told once");
                }
                "HELP" | "UNIT" => {}
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect(line);
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(seen.insert(series.to_owned()), "{line} is there twice");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(labels.ends_with('}'), "{line}");
        assert!(plain(name), "{line}");
        let family = ["_total", "_bucket", "_sum", "_count", "_info"]
            .iter()
            .find_map(|ending| kinds.get_key_value(name.strip_suffix(ending)?))
            .or_else(|| kinds.get_key_value(name));
        let (_, kind) = family.unwrap_or_else(|| panic!("{line} is of no family"));
        assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        names.insert(name.to_owned());
    }
    names
}

fn plain(name: &str) -> bool {
    name.chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// The names that begin like ours, in all queries of the dashboard.
fn asked_for(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for key in ["expr", "query"] {
                let text = members.get(key).and_then(Value::as_str).unwrap_or_default();
                let words = text.split(|letter: char| !plain(&letter.to_string()));
                let ours = words.filter(|word| {
                    word.starts_with("countersign_") || word.starts_with("process_")
                });
                names.extend(ours.map(str::to_owned));
            }
            members.values().for_each(|member| asked_for(member, names));
        }
        Value::Array(members) => members.iter().for_each(|member| asked_for(member, names)),
        _ => {}
    }
}

/// The queries of the alerting rules, each on its line of the file.
fn alerts() -> Vec<&'static str> {
    let lines = ALERTS.lines().map(str::trim);
    lines
        .filter_map(|line| line.strip_prefix("expr: "))
        .collect()
}

async fn page(node: &Node) -> String {
    let answer = node.request(Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"));
    answer.text().await.unwrap()
}

#[tokio::test]
async fn the_dashboard_asks_for_nothing_that_is_not_on_the_page() {
    let node = Node::start(On::Sqlite);
    let made = node.create("Made").await;
    node.get(made["id"].as_str().unwrap()).await;
    let names = samples(&page(&node).await);

    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut asked = BTreeSet::new();
    asked_for(&dashboard, &mut asked);
    assert!(asked.len() > 20, "{asked:?}");
    let missing: Vec<_> = asked.difference(&names).collect();
    assert!(missing.is_empty(), "{missing:?} are not among {names:?}");
}

#[tokio::test]
async fn the_alerts_ask_for_nothing_that_is_not_on_the_page() {
    let node = Node::start(On::Sqlite);
    let names = samples(&page(&node).await);
    assert_eq!(ALERTS.matches("- alert: ").count(), alerts().len());
    let mut asked = BTreeSet::new();
    for query in alerts() {
        let mut own = BTreeSet::new();
        asked_for(&serde_json::json!({"expr": query}), &mut own);
        assert!(!own.is_empty(), "{query}");
        asked.append(&mut own);
    }
    let missing: Vec<_> = asked.difference(&names).collect();
    assert!(missing.is_empty(), "{missing:?} are not among {names:?}");
    assert!(asked.contains("countersign_store_writable"));
}

/// One sample of the page, once it is there.
async fn sample(node: &Node, series: &str) -> String {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let page = page(node).await;
        let found = page.lines().find_map(|line| line.strip_prefix(series));
        if let Some(value) = found {
            return value.trim().to_owned();
        }
        assert!(Instant::now() < end, "{series} is not in\n{page}");
    }
}

#[tokio::test]
async fn tokens_are_counted_by_the_time_to_their_end_on_both_stores() {
    for on in common::BOTH {
        let mut node = Node::start(on);
        for (name, days) in [("a", 1), ("b", 5), ("c", 20), ("d", 60)] {
            // A minute less, so that it is within the horizon.
            let expiry = in_seconds(days * 24 * 60 * 60 - 60);
            let body = serde_json::json!({
                "name": name, "expiry": expiry, "permissions": ["api.api-tokens.read"],
            });
            let made = node.request(Method::POST, TOKENS).json(&body).send().await;
            answered(made.unwrap(), 201).await;
        }
        // They are counted at the start, and then once a minute.
        assert!(node.server.terminate().unwrap().success());
        node.server.restart().unwrap();
        for (within, count) in [("1d", "1"), ("7d", "2"), ("30d", "3")] {
            let series = format!("countersign_tokens_expiring{{within=\"{within}\"}}");
            assert_eq!(sample(&node, &series).await, format!("{count}.0"), "{on:?}");
        }
        let build = format!(
            "countersign_build_info{{version=\"{}\"}}",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(sample(&node, &build).await, "1");
    }
}

#[tokio::test]
async fn how_late_a_change_was_heard_of_is_counted() {
    let node = Node::start(On::Sqlite);
    node.create("Made").await;
    let end = Instant::now() + Duration::from_secs(10);
    while page(&node)
        .await
        .contains("countersign_feed_lag_seconds_count 0")
    {
        assert!(Instant::now() < end, "no change was heard of");
    }
}

#[tokio::test]
async fn numbers_are_for_those_who_may_read_tokens() {
    let node = Node::start(On::Sqlite);
    let client = Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/metrics", node.server.url());
    let bare = client.get(&url).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let current = node.request(Method::GET, &format!("{TOKENS}/current"));
    answered(current.send().await.unwrap(), 200).await;
    let page = page(&node).await;
    for line in [
        r#"route="/api/v1/api-tokens/current",status="200""#,
        r#"countersign_verdicts_total{code="ok"}"#,
        r#"countersign_store_errors_total{kind="unavailable"} 0"#,
        r#"countersign_store_errors_total{kind="corrupt"} 0"#,
        r#"countersign_store_errors_total{kind="outcome-unknown"} 0"#,
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
}

#[tokio::test]
async fn numbers_of_all_tenants_are_for_the_default_tenant_alone() {
    let node = Node::start(On::Sqlite);
    let made = node.command(&["tenant", "create", "Other"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let other = made["token"].as_str().unwrap();
    let status = async |secret: &str| {
        let answer = node.request_as(secret, Method::GET, "/metrics").send();
        answer.await.unwrap().status().as_u16()
    };
    assert_eq!(status(&node.root).await, 200);
    assert_eq!(status(other).await, 403);
    let catalog = async |secret: &str| {
        let answer = node
            .request_as(secret, Method::GET, "/api/v1/permissions")
            .send();
        let names = answered(answer.await.unwrap(), 200).await;
        names["content"].to_string()
    };
    assert!(catalog(&node.root).await.contains("api.metrics.read"));
    assert!(!catalog(other).await.contains("api.metrics.read"));
    // Nobody there holds it, so nobody can hand it out.
    let body = serde_json::json!({
        "name": "Numbers",
        "expiry": in_a_year(),
        "permissions": ["api.metrics.read"],
    });
    let create = async |secret: &str| {
        let answer = node.request_as(secret, Method::POST, TOKENS).json(&body);
        answer.send().await.unwrap()
    };
    assert_eq!(create(other).await.status(), 403);
    let reader = answered(create(&node.root).await, 201).await;
    assert_eq!(status(reader["token"].as_str().unwrap()).await, 200);
}

#[tokio::test]
async fn on_a_listener_of_their_own_numbers_need_no_token_and_are_nowhere_else() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let node = Node::start_with(On::Sqlite, &[("COUNTERSIGN_METRICS_LISTEN", &address)]);
    let client = Client::builder().no_proxy().build().unwrap();
    let get = |path: &str| client.get(format!("http://{address}{path}")).send();
    let page = get("/metrics").await.unwrap();
    assert_eq!(page.status(), 200);
    let names = samples(&page.text().await.unwrap());
    assert!(names.contains("countersign_feed_silence_seconds"));
    assert_eq!(get("/api/v1/api-tokens").await.unwrap().status(), 404);
    let main = node.request(Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(main.status(), 404);
}
