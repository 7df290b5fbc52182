//! A real node with a wrong clock, beside a PostgreSQL with a right one.

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

use common::{BINARY, Node, On, TOKENS, answered, bare, text};
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
        log.contains("may lose acknowledged changes") && log.contains("synchronous_commit"),
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

/// Waits for the process that listens there, which may never be ready, and returns what a check is answered.
async fn first_check(node: &Node) -> u16 {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let client = Client::builder().no_proxy().build().unwrap();
        let check = client.get(format!("{}/auth", node.server.url()));
        if let Ok(answer) = check.bearer_auth(&node.root).send().await {
            return answer.status().as_u16();
        }
        assert!(Instant::now() < end, "nobody listens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_revives_no_token_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let offset = folder.path().join("offset");
    fs::write(&offset, "+0").unwrap();
    let mut launch = Launch::new(BINARY, On::Sqlite.database());
    launch.port = free_port().unwrap();
    launch.environment = faketime::variables(&offset).unwrap();
    let environment = launch.environment.clone();
    let mut node = Node::launch(launch);
    let ready = format!("{}/health/ready", node.server.url());
    node.create("The newest change").await;

    fs::write(&offset, "-3600").unwrap();
    let told = until(StatusCode::SERVICE_UNAVAILABLE, &ready).await;
    assert!(told.contains("clock-apart"), "{told}");
    assert_eq!(first_check(&node).await, 503);
    fs::write(&offset, "+0").unwrap();
    until(StatusCode::OK, &ready).await;
    assert_eq!(first_check(&node).await, 200);
    let told = node.server.log().unwrap();
    assert!(
        told.contains("clock was set back") && told.contains("has caught up"),
        "{told}"
    );

    // A start compares as well, before the first check.
    node.server.kill().unwrap();
    fs::write(&offset, "-3600").unwrap();
    let mut late = bare(node.server.folder())
        .envs(environment)
        .env("COUNTERSIGN_DATABASE_URL", &node.database_url)
        .env("COUNTERSIGN_LISTEN", node.server.address().to_string())
        .spawn()
        .unwrap();
    let verdict = first_check(&node).await;
    late.kill().unwrap();
    late.wait().unwrap();
    assert_eq!(verdict, 503);
}

#[tokio::test]
async fn a_change_of_the_right_clock_ends_what_a_clock_ahead_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let offset = folder.path().join("offset");
    fs::write(&offset, "+3600").unwrap();
    let mut launch = Launch::new(BINARY, On::Sqlite.database());
    launch.environment = faketime::variables(&offset).unwrap();
    let mut node = Node::launch(launch);
    node.create("Of the future").await;
    node.server.terminate().unwrap();
    fs::write(&offset, "+0").unwrap();
    let made = node.command(&["root-token"]);
    assert!(made.status.success());
    node.server.restart().unwrap();
    assert_eq!(first_check(&node).await, 200);
    node.create("Of the present").await;
}
