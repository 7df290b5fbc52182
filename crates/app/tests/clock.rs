//! A real node whose clock goes wrong beside a PostgreSQL whose clock is right.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    fs,
    time::{Duration, Instant},
};

use common::{BINARY, Node, TOKENS, answered, text};
use countersign_xtask::{
    cluster::{Cluster, Durability, free_port},
    faketime,
    server::Launch,
    sql,
};
use reqwest::{Client, Method, StatusCode};
use serde_json::json;

/// Until the node has compared the clocks again.
async fn until(status: StatusCode, url: &str) -> String {
    let client = Client::builder().no_proxy().build().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = client.get(url).send().await.unwrap();
        if answer.status() == status {
            return answer.text().await.unwrap();
        }
        assert!(Instant::now() < end, "{url} never answers {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_node_whose_clock_goes_wrong_judges_nobody_until_it_is_right_again() {
    let cluster = Cluster::start(Durability::Relaxed).unwrap();
    cluster.create_database("clock").unwrap();
    let url = cluster.url("clock");
    sql::postgres(&url, "ALTER DATABASE clock SET synchronous_commit = off").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let offset = folder.path().join("offset");
    fs::write(&offset, "+0").unwrap();
    let numbers = format!("127.0.0.1:{}", free_port().unwrap());
    let mut launch = Launch::new(BINARY, url);
    launch.environment = faketime::variables(&offset).unwrap();
    launch
        .environment
        .push(("COUNTERSIGN_METRICS_LISTEN".to_owned(), numbers.clone()));
    let node = Node::launch(launch);
    let current = || node.request(Method::GET, &format!("{TOKENS}/current"));
    answered(current().send().await.unwrap(), 200).await;
    let log = node.server.log().unwrap();
    // The same start looked at what else could be wrong with the database.
    assert!(
        log.contains("may lose changes that were acknowledged")
            && log.contains("synchronous_commit"),
        "{log}"
    );

    fs::write(&offset, "+5.0").unwrap();
    let ready = format!("{}/health/ready", node.server.url());
    let told = until(StatusCode::SERVICE_UNAVAILABLE, &ready).await;
    assert!(told.contains("clock-apart"), "{told}");
    let auth = node.request(Method::GET, "/auth").send().await.unwrap();
    let told = answered(auth, 503).await;
    assert_eq!(told["type"], "/problems/clock-apart");
    let body = json!({"token": node.root});
    let verify = node.request(Method::POST, &format!("{TOKENS}/verify"));
    answered(verify.json(&body).send().await.unwrap(), 503).await;
    let page = until(StatusCode::OK, &format!("http://{numbers}/metrics")).await;
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("countersign_clock_skew_seconds "));
    let ahead: f64 = line.unwrap().parse().unwrap();
    assert!((4.0..6.0).contains(&ahead), "{ahead}");

    fs::write(&offset, "+0").unwrap();
    until(StatusCode::OK, &ready).await;
    answered(current().send().await.unwrap(), 200).await;
    assert!(
        text(node.server.log().unwrap().as_bytes()).contains("agrees with the database's again")
    );
}
