//! Nodes behind a real PgBouncer. Transaction mode needs a version with support for prepared
//! statements; with an older one the start says so. The tests use the installed version.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::time::{Duration, Instant};

use common::{BINARY, Node, TOKENS, answered, countersign, in_a_year};
use countersign_xtask::{
    cluster::{Cluster, Durability},
    pgbouncer::{Mode, PgBouncer},
    server::{Launch, Server},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::json;

/// A server with a migrated database, and a pooler before it.
fn pooled(mode: Mode) -> (Cluster, PgBouncer) {
    let cluster = Cluster::start(Durability::Relaxed).unwrap();
    cluster.create_database("pooled").unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Migrations hold a session lock, and go past the pooler.
    let migrated = countersign(folder.path(), &cluster.url("pooled"), &["migrate"]);
    assert!(migrated.status.success(), "{migrated:?}");
    let pooler = PgBouncer::start(&cluster.url("postgres"), mode).unwrap();
    (cluster, pooler)
}

fn launch(pooler: &PgBouncer, feed: &str) -> Launch {
    let mut launch = Launch::new(BINARY, pooler.url("pooled"));
    launch.environment = vec![("COUNTERSIGN_CHANGE_FEED".into(), feed.into())];
    launch
}

/// A crowd of writers and readers on two nodes, and then a revocation on one that the other has to hear of.
async fn works(pooler: &PgBouncer, feed: &str) {
    let node = Node::launch(launch(pooler, feed));
    let other = Server::start(launch(pooler, feed)).unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let mut making = Vec::new();
    for number in 0..64 {
        let body = json!({
            "name": format!("token {number}"), "expiry": in_a_year(), "permissions": ["api.tasks.read"],
        });
        let request = node.request(Method::POST, TOKENS).json(&body);
        making.push(tokio::spawn(request.send()));
    }
    let auth = |secret: &str| {
        let request = client.get(format!("{}/auth", other.url()));
        let request = request.bearer_auth(secret);
        async { request.send().await.unwrap().status() }
    };
    let mut made = Vec::new();
    for answer in making {
        let token = answered(answer.await.unwrap().unwrap(), 201).await;
        assert_eq!(auth(token["token"].as_str().unwrap()).await, StatusCode::OK);
        made.push(token);
    }
    for token in made {
        let text = |name: &str| token[name].as_str().unwrap();
        let anew = format!("{} anew", text("name"));
        answered(node.rename(text("id"), 1, &anew).await, 200).await;
        let path = format!("{TOKENS}/{}", text("id"));
        let gone = node.request(Method::DELETE, &path).send().await.unwrap();
        assert_eq!(gone.status(), StatusCode::NO_CONTENT);
        let acknowledged = Instant::now();
        while auth(text("token")).await != StatusCode::UNAUTHORIZED {
            assert!(acknowledged.elapsed() < Duration::from_secs(1), "{token}");
        }
    }
    for log in [node.server.log().unwrap(), other.log().unwrap()] {
        assert!(!log.contains("cannot answer"), "{log}");
        assert!(!log.contains("is silent"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_session_mode_is_like_none() {
    let (_cluster, pooler) = pooled(Mode::Session);
    works(&pooler, "notify").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_works_where_it_knows_statements_and_else_the_start_says_so() {
    let (_cluster, pooler) = pooled(Mode::Transaction);
    if pooler.knows_statements() {
        return works(&pooler, "poll").await;
    }
    // The first start is in a connection's luck; by the second at the latest, one meets what the first has prepared.
    let starts = [(); 2].map(|()| Server::start(launch(&pooler, "poll")));
    let told = starts.iter().filter_map(|start| start.as_ref().err());
    let told: Vec<String> = told.map(ToString::to_string).collect();
    assert!(
        told.iter()
            .any(|error| error.contains("max_prepared_statements")),
        "{told:?}"
    );
}
