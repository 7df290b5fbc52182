//! The guarantee for three nodes on one PostgreSQL: after its acknowledgement a revocation or
//! narrowing is effective everywhere within a second, and at once on the node that made it,
//! whatever happens to the feed in the meantime.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod busy;
#[path = "../common/mod.rs"]
mod common;
mod outage;
mod strait;
mod trio;
mod waits;

use std::time::Duration;

use trio::Trio;
use waits::Waits;

/// What is promised of a healthy cluster.
const PROMISED: Duration = Duration::from_secs(1);

/// What is promised of a node that is cut off from the feed.
const PROMISED_CUT_OFF: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_cluster_forgets_within_milliseconds() {
    let trio = Trio::start(&[]).await;
    let mut waits = Waits::default();
    for round in 0..200 {
        waits.extend(trio.cut_off(round).await);
    }
    waits.tell("healthy, notified");
    assert!(waits.longest() < PROMISED);
    assert!(waits.median() < Duration::from_millis(50), "{waits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_are_never_notified_find_out_in_time() {
    let trio = Trio::start(&[("COUNTERSIGN_CHANGE_FEED", "poll")]).await;
    let mut waits = Waits::default();
    for round in 0..40 {
        waits.extend(trio.cut_off(round).await);
    }
    waits.tell("healthy, `change-feed=poll`");
    assert!(waits.longest() < PROMISED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_listener_costs_no_promise() {
    let trio = Trio::start(&[]).await;
    let mut waits = Waits::default();
    for round in 0..40 {
        let killed = trio.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
        // They come back within a second, so not each round finds them.
        assert!(round > 0 || killed == "3", "{killed}");
        waits.extend(trio.cut_off(round).await);
    }
    waits.tell("listeners' backends killed before each");
    assert!(waits.longest() < PROMISED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_listener_costs_no_promise() {
    let trio = Trio::start(&[]).await;
    let mut waits = Waits::default();
    let frozen = trio.freeze_listeners();
    assert_eq!(frozen.len(), 3);
    for round in 0..40 {
        waits.extend(trio.cut_off(round).await);
    }
    trio::thaw(&frozen);
    waits.tell("listeners' backends frozen (SIGSTOP)");
    assert!(waits.longest() < PROMISED);
    for round in 0..10 {
        waits.extend(trio.cut_off(round).await);
    }
    assert!(waits.longest() < PROMISED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_the_feed_does_not_reach_looks_up_before_long() {
    let (trio, strait) = Trio::start_beyond_a_strait().await;
    let (mut near, mut far, mut after) = (Waits::default(), Waits::default(), Waits::default());
    for round in 0..10 {
        let honoured = trio.honoured(round).await;
        // Not always at the same moment between two looks.
        tokio::time::sleep(Duration::from_millis(25 * round as u64)).await;
        strait.close();
        for (node, wait) in trio.end_at(round % 2, honoured).await {
            if node == 2 { &mut far } else { &mut near }.extend([wait]);
        }
        // Still cut off, it believes nothing that it holds.
        trio.until_healthy(2, false).await;
        let honoured = trio.honoured(round).await;
        let late = trio.end_at(round % 2, honoured).await;
        after.extend(late.into_iter().map(|(_, wait)| wait));
        strait.open();
        trio.until_healthy(2, true).await;
    }
    near.tell("the node beside it, which is not cut off");
    far.tell("the node that is cut off from the feed");
    after.tell("all nodes, once that one has noticed");
    assert!(near.longest() < PROMISED && after.longest() < PROMISED);
    assert!(far.longest() < PROMISED_CUT_OFF, "{far:?}");
    assert_eq!(trio.unanswered(), 0);
    // Otherwise it was not cut off.
    assert!(strait.sunk() > 0);
    assert!(far.median() > Duration::from_secs(2), "{far:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_keep_no_facts_need_no_feed() {
    let trio = Trio::start(&[("COUNTERSIGN_CHANGE_FEED", "none")]).await;
    let mut waits = Waits::default();
    for round in 0..10 {
        waits.extend(trio.cut_off(round).await);
    }
    assert_eq!(waits.longest(), Duration::ZERO);
}
