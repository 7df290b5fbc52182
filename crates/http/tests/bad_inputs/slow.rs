//! Slow clients: none holds a connection by being slow, and others are served in the meantime.

use std::time::{Duration, Instant};

use countersign_http::Limits;
use serde_json::json;
use tokio::time::sleep;

use crate::harness::{Ask, Service, Wire, row, usual};

fn short() -> Limits {
    Limits {
        head: Duration::from_millis(300),
        exchange: Duration::from_millis(900),
        idle: Duration::from_millis(600),
        ..usual()
    }
}

/// How long the service takes to close.
async fn until_closed(wire: &mut Wire, begun: Instant) -> Duration {
    wire.read_to_end().await;
    begun.elapsed()
}

#[test]
fn the_bounds_that_nobody_chooses() {
    let limits = usual();
    assert_eq!(limits.head, Duration::from_secs(5));
    assert_eq!(limits.exchange, Duration::from_secs(30));
    assert_eq!(limits.idle, Duration::from_secs(650));
}

#[tokio::test]
async fn one_byte_a_second_is_not_waited_for() {
    let service = Service::start().await;
    let ask = service.edit(json!({"name": "slow"})).await;
    let before = service.writes().await;
    let head = Ask {
        body: Some(Vec::new()),
        ..ask.clone()
    }
    .with("content-length", "60");
    let mut wire = Wire::open(service.address).await;
    let begun = Instant::now();
    wire.write(&head.bytes()).await;
    let body = ask.body.unwrap();
    let mut sent = body.iter();
    // The pace is the input here, so this is one test that has to wait.
    while begun.elapsed() < Duration::from_secs(12) && !wire.has_answer().await {
        sleep(Duration::from_secs(1)).await;
        wire.write(&[*sent.next().unwrap()]).await;
    }
    let reply = wire.reply().await;
    let took = begun.elapsed();
    assert_eq!(reply.outline(), "408 request-timeout");
    assert!((9..16).contains(&took.as_secs()), "after {took:?}");
    assert_eq!(service.writes().await, before);
}

#[tokio::test]
async fn a_body_that_never_comes_ends_with_its_exchange() {
    let service = Service::start_within(short()).await;
    let ask = service.edit(json!({})).await;
    let before = service.writes().await;
    let head = Ask {
        body: Some(Vec::new()),
        ..ask
    }
    .with("content-length", "60");
    let begun = Instant::now();
    let mut wire = Wire::open(service.address).await;
    wire.write(&head.bytes()).await;
    let took = until_closed(&mut wire, begun).await;
    assert!((850..6000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(service.writes().await, before);
}

#[tokio::test]
async fn heads_that_never_end() {
    let service = Service::start_within(short()).await;
    let begun = Instant::now();
    let mut silent = Wire::open(service.address).await;
    let mut begun_only = Wire::open(service.address).await;
    begun_only.write(b"GET /health/live HT").await;
    let mut endless = Wire::open(service.address).await;
    endless
        .write(b"GET /health/live HTTP/1.1\r\nhost: x\r\n")
        .await;
    let drip = async {
        while endless.write(b"x: y\r\n").await && begun.elapsed() < Duration::from_secs(6) {
            sleep(Duration::from_millis(50)).await;
        }
        begun.elapsed()
    };
    let (silent, begun_only, dripping) = tokio::join!(
        until_closed(&mut silent, begun),
        until_closed(&mut begun_only, begun),
        drip
    );
    for took in [silent, begun_only, dripping] {
        assert!((250..5000).contains(&took.as_millis()), "{took:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_let_go() {
    let service = Service::start_within(short()).await;
    let mut wire = Wire::open(service.address).await;
    wire.write(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    let took = until_closed(&mut wire, Instant::now()).await;
    assert!((550..6000).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn half_open_requests_keep_nobody_out() {
    let service = Service::start_within(Limits {
        head: Duration::from_secs(4),
        ..short()
    })
    .await;
    let mut wires = Vec::new();
    let begun = Instant::now();
    for _ in 0..300 {
        let mut wire = Wire::open(service.address).await;
        wire.write(b"POST /api/v1/api-tokens HTTP/1.1\r\nhost: x\r\nauthor")
            .await;
        wires.push(wire);
    }
    let current = service.ask("GET", "/api/v1/api-tokens/current");
    service
        .check([row("served meanwhile", current, "200")])
        .await;
    assert!(begun.elapsed() < Duration::from_secs(4), "not meanwhile");
    for mut wire in wires {
        until_closed(&mut wire, begun).await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn when_all_places_are_taken_one_comes_free_in_time() {
    let service = Service::start_within(Limits {
        connections: 3,
        ..short()
    })
    .await;
    let mut wires = Vec::new();
    for _ in 0..3 {
        wires.push(Wire::open(service.address).await);
    }
    let begun = Instant::now();
    let current = service.ask("GET", "/api/v1/api-tokens/current").verbatim();
    assert_eq!(service.send(&current).await.status, 200);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}
