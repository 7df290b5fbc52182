//! The server stops or freezes under load.

use std::time::{Duration, Instant};

use countersign_xtask::{
    cluster::{Cluster, Durability},
    server::Launch,
};
use serde_json::json;

use crate::{
    RECOVERY, ask_what_nobody_knows, assert_all_unavailable,
    common::{BINARY, Node, TOKENS},
    e2e::{
        LONGEST,
        client::{Answer, Client},
        history::{assert_intact, assert_one_event_per_version},
        load::Load,
        writer::Writer,
    },
};

const PATIENCE: Duration = Duration::from_secs(20);

fn works(answer: &Answer) -> bool {
    answer.status == 200
}

fn ready(client: &Client) -> impl Future<Output = Answer> {
    let client = client.clone();
    async move { client.get("/health/ready").await }
}

/// Waits until it is ready, and says since when.
async fn recovered(client: &Client) -> Instant {
    let start = Instant::now();
    loop {
        let answer = ready(client).await;
        if answer.status == 200 {
            return answer.came;
        }
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(
            start.elapsed() < RECOVERY,
            "not ready after {RECOVERY:?}: {}",
            answer.text
        );
    }
}

/// An outage under load, from `begin` to `end`.
async fn outage(
    cluster: &mut Cluster,
    node: &Node,
    begin: fn(&mut Cluster),
    end: fn(&mut Cluster),
) {
    let (root, pid) = (Client::root(node), node.server.pid().unwrap());
    let load = Load::start(Writer::crowd(&root).await, || Client::root(node));
    load.wait("it works before", 40, PATIENCE, works);

    begin(cluster);
    let down = Instant::now();
    let refused = ask_what_nobody_knows(node, 32).await;
    assert_all_unavailable(&refused);
    let not_ready = ready(&root).await;
    assert_eq!(not_ready.status, 503, "{}", not_ready.text);
    assert!(
        not_ready.took() < LONGEST,
        "readiness took {:?}",
        not_ready.took()
    );
    root.get("/health/live").await.expect(200);
    load.wait(
        "everybody was refused twice",
        load.crowd * 2,
        PATIENCE,
        |a| a.status == 503,
    );

    let back = Instant::now();
    end(cluster);
    let up = recovered(&root).await;
    load.wait("everybody is served", load.crowd * 2, RECOVERY, works);
    assert_eq!(
        node.server.pid().unwrap(),
        pid,
        "nobody restarted the service"
    );

    let (mut books, answers) = load.end().await;
    for answer in &answers {
        assert!(
            answer.took() < LONGEST,
            "{} took {:?}",
            answer.call,
            answer.took()
        );
        match answer.status {
            // Its writer has checked that it tells of an update of its own that got no answer.
            200 | 409 => assert!(
                answer.asked < down || answer.came > back,
                "{} was answered while there was no database: {}",
                answer.call,
                answer.text
            ),
            _ => answer.assert_unavailable(),
        }
        assert!(
            answer.asked < up || answer.status != 503,
            "{} was refused {:?} after the service had said that it is ready: {}",
            answer.call,
            answer.asked - up,
            answer.text
        );
    }
    for writer in &mut books {
        writer.settle(&root).await;
        assert!(writer.acknowledged > 0, "{} was never written", writer.id);
        assert_one_event_per_version(&root, &writer.id, writer.version()).await;
    }
    let never = json!({"name": {"$iprefix": "never"}});
    let never = root
        .post(&format!("{TOKENS}/query"), &never)
        .await
        .expect(200);
    // A server that was frozen with a statement before it goes on with that; its client was told that it may.
    let open = refused.iter().filter(|a| a.code() == "outcome-unknown");
    assert!(
        never["totalElements"].as_u64().unwrap() <= open.count() as u64,
        "what was refused is not stored: {never}"
    );
    assert_intact(node);
}

fn on_own_cluster() -> (Cluster, Node) {
    let cluster = Cluster::start(Durability::Relaxed).unwrap();
    cluster.create_database("lost").unwrap();
    let node = Node::launch(Launch::new(BINARY, cluster.url("lost")));
    (cluster, node)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_makes_503s_until_it_is_back() {
    let (mut cluster, node) = on_own_cluster();
    outage(
        &mut cluster,
        &node,
        |c| c.stop().unwrap(),
        |c| c.start_again().unwrap(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_makes_503s_in_time_until_it_goes_on() {
    let (mut cluster, node) = on_own_cluster();
    outage(
        &mut cluster,
        &node,
        |c| c.freeze().unwrap(),
        |c| c.thaw().unwrap(),
    )
    .await;
}
