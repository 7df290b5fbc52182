//! Crashes during updates: of the service on either database, and of PostgreSQL under the service.
//! Acknowledged changes exist, changes in flight exist completely or not at all, and the history
//! verifies.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;
mod e2e;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{BINARY, Node, On};
use countersign_xtask::{
    cluster::{Cluster, Durability, free_port},
    server::Launch,
};
use e2e::{
    client::Client,
    comings::Comings,
    history::{assert_intact, assert_one_event_per_version},
    load::Load,
    within,
    writer::Writer,
};
use tokio::task::JoinSet;

const COMINGS: usize = 2;
const KILLS: usize = 20;

/// On a port that no outgoing connection can occupy while the service is down.
fn start(database_url: &str) -> Node {
    let mut launch = Launch::new(BINARY, database_url);
    launch.port = free_port().unwrap();
    Node::launch(launch)
}

/// Works until the process dies, and returns the books.
async fn one_life(
    node: &mut Node,
    writers: Vec<Writer>,
    comings: Vec<Comings>,
    answers: usize,
) -> (Vec<Writer>, Vec<Comings>) {
    let count = Arc::new(AtomicUsize::new(0));
    let (mut writing, mut coming) = (JoinSet::new(), JoinSet::new());
    for mut writer in writers {
        let (client, count) = (Client::root(node), Arc::clone(&count));
        writing.spawn(async move {
            while writer.update(&client).await.is_some() {
                count.fetch_add(1, Ordering::Relaxed);
            }
            writer
        });
    }
    for mut comer in comings {
        let client = Client::root(node);
        coming.spawn(async move {
            while comer.step(&client).await.is_some() {}
            comer
        });
    }
    within(Duration::from_secs(20), "there are updates to kill", || {
        count.load(Ordering::Relaxed) >= answers
    });
    node.server.kill().unwrap();
    (writing.join_all().await, coming.join_all().await)
}

async fn nothing_acknowledged_is_lost_when_the_process_is_killed(database_url: &str) {
    let mut node = start(database_url);
    let root = Client::root(&node);
    let mut books = Writer::crowd(&root).await;
    let mut comings = (0..COMINGS)
        .map(|number| Comings::new(&format!("Comer {number}")))
        .collect();
    for kill in 0..KILLS {
        // Now early, now late, so that it does not always hit the same place.
        let answers = 3 + kill * 7 % 31;
        (books, comings) = one_life(&mut node, books, comings, answers).await;
        node.server.restart().unwrap();
        for writer in &mut books {
            writer.settle(&root).await;
        }
        for comer in &mut comings {
            comer.settle(&root).await;
        }
    }
    for writer in &books {
        assert!(writer.acknowledged > 0, "{} was never written", writer.id);
        assert_one_event_per_version(&root, &writer.id, writer.version()).await;
    }
    assert_intact(&node);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed_on_sqlite() {
    nothing_acknowledged_is_lost_when_the_process_is_killed(&On::Sqlite.database()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed_on_postgres() {
    let cluster = Cluster::start(Durability::Full).unwrap();
    cluster.create_database("kept").unwrap();
    nothing_acknowledged_is_lost_when_the_process_is_killed(&cluster.url("kept")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_postgres_crashes() {
    const CRASHES: usize = 5;
    let mut cluster = Cluster::start(Durability::Full).unwrap();
    cluster.create_database("kept").unwrap();
    let node = start(&cluster.url("kept"));
    let (root, pid) = (Client::root(&node), node.server.pid().unwrap());
    let mut books = Writer::crowd(&root).await;
    for crash in 0..CRASHES {
        let load = Load::start(books, || Client::root(&node));
        let limit = Duration::from_secs(20);
        load.wait(
            "answers before the crash",
            20 + 9 * crash,
            limit,
            |answer| answer.status == 200,
        );
        cluster.crash().unwrap();
        load.wait("every client notices", load.crowd, limit, |answer| {
            answer.status == 503
        });
        cluster.start_again().unwrap();
        load.wait("it works again", load.crowd, limit, |answer| {
            answer.status == 200
        });
        let (ended, answers) = load.end().await;
        books = ended;
        for answer in answers
            .iter()
            .filter(|answer| !matches!(answer.status, 200 | 409))
        {
            answer.assert_unavailable();
        }
        for writer in &mut books {
            writer.settle(&root).await;
        }
    }
    assert_eq!(
        node.server.pid().unwrap(),
        pid,
        "nobody restarted the service"
    );
    root.get("/health/ready").await.expect(200);
    for writer in &books {
        assert_one_event_per_version(&root, &writer.id, writer.version()).await;
    }
    assert_intact(&node);
}

/// The checks above are worth what they notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_half_written_update_would_be_noticed() {
    for (case, tamper) in [
        (
            "the user kept its old name",
            "UPDATE users SET name = 'Old' WHERE name LIKE 'Writer%'",
        ),
        (
            "the record is that of another update",
            "UPDATE api_tokens SET permissions = '[\"api.users.read\"]' WHERE name LIKE 'Writer%'",
        ),
        (
            "the newest event is not there",
            "DROP TRIGGER audit_events_are_not_removed; DELETE FROM audit_events WHERE version_after = 3",
        ),
        (
            "the last update is not there",
            "DROP TRIGGER audit_events_are_not_removed; DELETE FROM audit_events WHERE version_after = 3; \
             UPDATE api_tokens SET version = 2 WHERE version = 3",
        ),
    ] {
        let node = Node::start(On::Sqlite);
        let root = Client::root(&node);
        let mut writer = Writer::make(&root, "Writer").await;
        for _ in 0..2 {
            writer.update(&root).await.unwrap();
        }
        writer.settle(&root).await;
        node.sql(tamper);
        let settled = tokio::spawn(async move { writer.settle(&root).await }).await;
        assert!(settled.is_err(), "it went unnoticed that {case}");
    }
}
