//! The guarantee about three nodes on one PostgreSQL: what was revoked or narrowed is honoured nowhere for longer than a
//! second after its acknowledgement, and not at all by the node that did it; whatever happens to the feed meanwhile.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod outage;
mod trio;

use std::time::Duration;

use trio::{Trio, Waits};

/// What is promised of a healthy cluster.
const PROMISED: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_cluster_forgets_within_milliseconds() {
    let trio = Trio::start(&[]).await;
    let mut waits = Waits::default();
    for round in 0..200 {
        waits.extend(trio.cut_off(round).await);
    }
    waits.tell("notified");
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
    waits.tell("polling");
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
    waits.tell("listeners killed");
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
    waits.tell("listeners frozen");
    assert!(waits.longest() < PROMISED);
    for round in 0..10 {
        waits.extend(trio.cut_off(round).await);
    }
    assert!(waits.longest() < PROMISED);
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
