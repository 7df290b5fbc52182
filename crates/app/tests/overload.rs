//! The real binary with more clients than connection slots.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use common::{Node, On, text};

/// The status of one request on a connection of its own, which stays open.
fn ask(address: SocketAddr, path: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    (stream, text(&status[9..]).to_owned())
}

#[test]
fn a_client_that_takes_every_place_keeps_nobody_out_and_the_end_stays_orderly() {
    let environment = [("COUNTERSIGN_MAX_CONNECTIONS", "50")];
    let mut node = Node::start_with(On::Sqlite, &environment);
    let address = node.server.address();
    let mut kept = Vec::new();
    let mut slowest = Duration::ZERO;
    for _ in 0..300 {
        kept.push(ask(address, "/nothing"));
        let begin = Instant::now();
        assert_eq!(ask(address, "/health/live").1, "200");
        slowest = slowest.max(begin.elapsed());
    }
    println!(
        "{} connections kept: the slowest answer took {slowest:?}",
        kept.len()
    );
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(kept.iter().all(|(_, status)| status == "404"));
    let begin = Instant::now();
    assert!(node.server.terminate().unwrap().success());
    assert!(begin.elapsed() < Duration::from_secs(5));
    let log = node.server.log().unwrap();
    let lines = log.matches("all connections are taken").count();
    assert!((1..=3).contains(&lines), "{lines}");
}
