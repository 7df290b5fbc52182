//! A hot standby in the place of the primary, as behind a name that was moved too early, or a
//! pooler that splits reads: its answers are not trusted, whatever they are.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod pooler;
mod switch;
#[path = "../console/visitor.rs"]
mod visitor;

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use common::{Node, bare, countersign, text, until};
use countersign_xtask::{
    cluster::{Cluster, Durability},
    server::Launch,
    sql,
};
use reqwest::Method;
use switch::Switch;

fn with_port(url: &str, port: u16) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_port(Some(port)).unwrap();
    url.into()
}

fn until_replayed(primary: &Cluster, standby: &Cluster) {
    let position = sql::postgres(&primary.url("standby"), "SELECT pg_current_wal_lsn()").unwrap();
    let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
    until("the standby has replayed all", || {
        sql::postgres(&standby.url("standby"), &replayed).unwrap() == "t"
    });
}

/// The status of a check with that secret.
async fn check(node: &Node, secret: &str) -> u16 {
    let answer = node.request_as(secret, Method::GET, "/auth").send();
    answer.await.unwrap().status().as_u16()
}

async fn until_checked(node: &Node, secret: &str, status: u16) -> Duration {
    let begin = Instant::now();
    while check(node, secret).await != status {
        let patience = Duration::from_secs(20);
        assert!(begin.elapsed() < patience, "the answer is never {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    begin.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_asked_nothing_that_matters() {
    let primary = Cluster::start(Durability::Relaxed).unwrap();
    primary.create_database("standby").unwrap();
    let switch = Switch::to(primary.port()).await;
    let url = with_port(&primary.url("standby"), switch.port);
    let mut launch = Launch::new(common::BINARY, &url);
    let grace = ("COUNTERSIGN_OUTAGE_GRACE_SECONDS".into(), "0".into());
    launch.environment.push(grace);
    let node = Node::launch(launch);
    let secret = |made: &serde_json::Value| made["token"].as_str().unwrap().to_owned();
    let known = secret(&node.create("Known").await);
    let unknown = secret(&node.create("Unknown").await);
    let (revoked, nobodys) = (
        node.create("Revoked").await,
        secret(&node.create("Gone").await),
    );
    assert_eq!(check(&node, &known).await, 200);
    let gone = "DELETE FROM token_secrets WHERE token_id = (SELECT id FROM api_tokens WHERE name = 'Gone')";
    let standby = primary.start_standby().unwrap();
    sql::postgres(&primary.url("standby"), gone).unwrap();
    until_replayed(&primary, &standby);

    // It still has the token that is revoked while it stands still.
    sql::postgres(&standby.url("standby"), "SELECT pg_wal_replay_pause()").unwrap();
    let id = revoked["id"].as_str().unwrap();
    let path = format!("{}/{id}", common::TOKENS);
    let answer = node.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    switch.lead_to(standby.port());
    // Neither what it finds nor what it does not find is an answer.
    assert_eq!(check(&node, &secret(&revoked)).await, 503);
    assert_eq!(check(&node, &unknown).await, 503);
    assert_eq!(check(&node, &nobodys).await, 503);
    // The feed is not heard from it, so that facts in memory end as in an outage.
    let lasted = until_checked(&node, &known, 503).await;
    assert!(lasted < Duration::from_secs(5), "{lasted:?}");
    let ready = node
        .request(Method::GET, "/health/ready")
        .send()
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);

    switch.lead_to(primary.port());
    until_checked(&node, &unknown, 200).await;
    until_checked(&node, &known, 200).await;
    assert_eq!(check(&node, &secret(&revoked)).await, 401);

    a_start_on_it_says_so(&node, &standby.url("standby"));
}

fn a_start_on_it_says_so(node: &Node, url: &str) {
    const WHAT: &str = "this server is a standby (in recovery): connect to the primary";
    let migrated = countersign(node.server.folder(), url, &["migrate"]);
    assert!(!migrated.status.success());
    assert!(
        text(&migrated.stderr).contains(WHAT),
        "{}",
        text(&migrated.stderr)
    );
    let mut serving = bare(node.server.folder())
        .env("COUNTERSIGN_DATABASE_URL", url)
        .env("COUNTERSIGN_LISTEN", "127.0.0.1:0")
        .arg("serve")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(serving.stderr.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).any(|line| line.contains(WHAT));
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(said, "the log does not say what is wrong");
}
