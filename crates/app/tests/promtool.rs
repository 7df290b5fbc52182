//! Prometheus' own tool checks the alerting rules and the metrics in the older format.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Output, Stdio},
};

use common::{Node, On};
use reqwest::Method;

const ALERTS: &str = include_str!("../../../docs/alerts.yml");
const ALERTS_TEST: &str = include_str!("../../../docs/alerts-test.yml");

/// By the program that reads them in earnest, and against series that are well and that are not.
#[test]
fn the_alerts_are_rules_that_prometheus_takes() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    for (verb, file) in [("check", "alerts.yml"), ("test", "alerts-test.yml")] {
        let mut promtool = countersign_xtask::promtool().unwrap();
        let judged = promtool
            .current_dir(docs)
            .args([verb, "rules", file])
            .output()
            .unwrap();
        assert!(judged.status.success(), "{}", told(&judged));
    }
    for name in ALERTS
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        assert!(ALERTS_TEST.contains(name), "{name} is not tried");
    }
}

fn told(output: &Output) -> String {
    let both = [&*output.stdout, &*output.stderr].concat();
    String::from_utf8(both).unwrap()
}

/// What `promtool` complains of in a page in Prometheus' older format.
fn faults(page: &str) -> String {
    let mut promtool = countersign_xtask::promtool().unwrap();
    let mut judge = promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    judge
        .stdin
        .take()
        .unwrap()
        .write_all(page.as_bytes())
        .unwrap();
    told(&judge.wait_with_output().unwrap())
}

#[tokio::test]
async fn prometheus_finds_no_fault_in_the_text_that_is_asked_for_as_plain() {
    let node = Node::start(On::Sqlite);
    node.create("Made").await;
    let open = node.request(Method::GET, "/metrics").send().await.unwrap();
    let open = open.text().await.unwrap();
    let answer = node
        .request(Method::GET, "/metrics")
        .header("accept", "text/plain");
    let answer = answer.send().await.unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(answer.headers()["vary"], "Accept");
    let plain = answer.text().await.unwrap();
    assert_eq!(faults(&plain), "");
    assert_ne!(faults(&open), "", "it can tell");
    // The same samples: those of `OpenMetrics` differ in their families' names only.
    let series = |page: &str| -> BTreeSet<String> {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    let (open, plain) = (series(&open), series(&plain));
    // What was counted by the requests themselves comes with them.
    let missing: Vec<_> = open.difference(&plain).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
