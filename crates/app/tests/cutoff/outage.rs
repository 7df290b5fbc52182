//! The database is away: cached facts count for as long as the deployment says, unknown secrets are
//! never admitted, and a valid token is never reported as invalid.

use std::time::{Duration, Instant};

use reqwest::StatusCode;

use crate::{trio::Trio, waits::Waits};

/// How long one check may take, whatever the database does.
const LONGEST: Duration = Duration::from_millis(3500);

/// For how long a token goes on being honoured by a node.
async fn honoured(trio: &Trio, secret: &str) -> Duration {
    let begin = Instant::now();
    loop {
        let asked = Instant::now();
        let status = trio.ask(1, secret).await;
        assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
        match status {
            StatusCode::OK => {}
            StatusCode::SERVICE_UNAVAILABLE => return begin.elapsed(),
            other => panic!("{other}"),
        }
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "honoured for ever"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_honoured(trio: &Trio, secret: &str) {
    let begin = Instant::now();
    while trio.ask(1, secret).await != StatusCode::OK {
        assert!(
            begin.elapsed() < Duration::from_secs(15),
            "not honoured again"
        );
    }
}

async fn known_and_unknown(trio: &Trio) -> (String, String) {
    let known = trio.token("known").await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let unknown = trio.token("unknown").await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(trio.ask(1, &known).await, StatusCode::OK);
    (known, unknown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn known_tokens_outlive_a_stopped_database_for_the_grace() {
    let mut trio = Trio::start(&[("COUNTERSIGN_OUTAGE_GRACE_SECONDS", "5")]).await;
    let (known, unknown) = known_and_unknown(&trio).await;
    trio.cluster.stop().unwrap();
    assert_eq!(trio.ask(1, &unknown).await, StatusCode::SERVICE_UNAVAILABLE);
    let lasted = honoured(&trio, &known).await;
    assert!(lasted > Duration::from_secs(3), "{lasted:?}");
    assert!(lasted < Duration::from_secs(7), "{lasted:?}");
    trio.cluster.start_again().unwrap();
    until_honoured(&trio, &known).await;
    until_honoured(&trio, &unknown).await;
    let mut waits = Waits::default();
    for round in 0..10 {
        waits.extend(trio.cut_off(round).await);
    }
    waits.tell("after a restart of the database");
    assert!(waits.longest() < crate::PROMISED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn known_tokens_outlive_a_frozen_database_for_the_grace() {
    let mut trio = Trio::start(&[("COUNTERSIGN_OUTAGE_GRACE_SECONDS", "6")]).await;
    let (known, _) = known_and_unknown(&trio).await;
    trio.cluster.freeze().unwrap();
    let lasted = honoured(&trio, &known).await;
    trio.cluster.thaw().unwrap();
    assert!(lasted > Duration::from_secs(4), "{lasted:?}");
    assert!(lasted < Duration::from_secs(9), "{lasted:?}");
    until_honoured(&trio, &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grace_nothing_is_honoured_once_the_feed_is_silent() {
    let mut trio = Trio::start(&[("COUNTERSIGN_OUTAGE_GRACE_SECONDS", "0")]).await;
    let (known, _) = known_and_unknown(&trio).await;
    trio.cluster.stop().unwrap();
    let lasted = honoured(&trio, &known).await;
    assert!(lasted < Duration::from_secs(4), "{lasted:?}");
    trio.cluster.start_again().unwrap();
    until_honoured(&trio, &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_database_costs_no_promise_once_it_answers() {
    let mut trio = Trio::start(&[]).await;
    let mut waits = Waits::default();
    for round in 0..20 {
        let honoured = trio.honoured(round).await;
        tokio::task::block_in_place(|| {
            trio.cluster.stop().unwrap();
            trio.cluster.start_again().unwrap();
        });
        // The first node that reaches it makes the change; the others may not have come back yet.
        let late = trio.end_at(round % 3, honoured).await;
        waits.extend(late.into_iter().map(|(_, wait)| wait));
        // What is known is answered by what is known, until the node has heard what changed.
        assert_eq!(trio.unanswered(), 0, "round {round}:\n{}", trio.logs());
    }
    waits.tell("PostgreSQL restarted just before each");
    assert!(waits.longest() < crate::PROMISED, "{waits:?}");
}
