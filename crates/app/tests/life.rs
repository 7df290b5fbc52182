//! A process among others: one writer per file, an orderly end, a database that comes late, a log without secrets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Stdio,
    thread,
    time::Instant,
};

use common::{BOTH, Node, On, TOKENS, bare, text, until};
use countersign_xtask::sql;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

#[test]
fn a_second_service_on_the_same_file_is_refused() {
    let mut node = Node::start(On::Sqlite);
    let second = node.command(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    let told = text(&second.stderr);
    assert!(told.contains("another `countersign serve`"), "{told}");
    assert!(!told.contains("listening"), "{told}");
    // A lock that outlived a crash would keep the service down.
    node.server.kill().unwrap();
    node.server.restart().unwrap();
}

#[test]
fn a_taken_port_leaves_no_database_behind() {
    let node = Node::start(On::Sqlite);
    let folder = tempfile::tempdir().unwrap();
    let listen = node.server.address().to_string();
    let refused = bare(folder.path())
        .args(["serve", "--listen", &listen])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains(&listen),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

/// A request that the service works on, and waits for the body of.
fn in_flight(node: &Node, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(node.server.address()).unwrap();
    write!(
        stream,
        "POST {TOKENS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n",
        node.root,
    )
    .unwrap();
    let mut asked = [0; 12];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(text(&asked), "HTTP/1.1 100");
    stream
}

#[test]
fn what_is_in_flight_is_finished_after_sigterm() {
    for on in BOTH {
        let mut node = Node::start(on);
        let address = node.server.address();
        let body = json!({
            "name": "In flight",
            "expiry": common::in_a_year(),
            "permissions": ["api.api-tokens.read"],
        })
        .to_string();
        let mut stream = in_flight(&node, body.len());
        let pid = node.server.pid().unwrap().cast_signed();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
        until("not accepting", || TcpStream::connect(address).is_err());
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("HTTP/1.1 201"), "{answer}");
        assert!(node.server.terminate().unwrap().success());
        node.server.restart().unwrap();
        assert_eq!(node.sql("SELECT count(*) FROM api_tokens"), "2");
    }
}

#[test]
fn a_request_that_never_ends_does_not_hold_the_end_up() {
    let grace = [("COUNTERSIGN_SHUTDOWN_GRACE_SECONDS", "1")];
    let mut node = Node::start_with(On::Sqlite, &grace);
    let _stream = in_flight(&node, 9);
    let begun = Instant::now();
    assert!(node.server.terminate().unwrap().success());
    let took = begun.elapsed();
    assert!((1..5).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_database_may_come_later_than_the_service() {
    let (admin, name) = (common::maintenance(), common::unused_name());
    let folder = tempfile::tempdir().unwrap();
    let mut service = bare(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("COUNTERSIGN_DATABASE_URL", common::on_server(&admin, &name))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("does not answer yet"), "{first}");
    let password = admin.split([':', '@']).nth(2).unwrap();
    assert!(!first.contains(password));
    sql::postgres(&admin, &format!("CREATE DATABASE {name}")).unwrap();
    let up = lines.find(|line| line.as_ref().unwrap().contains("listening"));
    assert!(up.is_some());
    let rest = thread::spawn(move || lines.for_each(drop));
    kill(Pid::from_raw(service.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert!(service.wait().unwrap().success());
    rest.join().unwrap();
}

#[tokio::test]
async fn no_log_line_holds_a_secret() {
    for on in BOTH {
        let mut node = Node::start_with(on, &[("COUNTERSIGN_LOG", "trace")]);
        let made = node.create("Secret").await;
        let id = made["id"].as_str().unwrap();
        assert_eq!(node.rename(id, 1, "Secret still").await.status(), 200);
        assert_eq!(node.rename(id, 1, "Too late").await.status(), 409);
        assert!(node.server.terminate().unwrap().success());
        let log = node.server.log().unwrap();
        assert!(
            log.contains("/api/v1/api-tokens/{id}"),
            "the log tells of the requests"
        );
        for secret in [made["token"].as_str().unwrap(), &node.root] {
            let digest = Sha256::digest(secret)
                .iter()
                .fold(String::new(), |mut hex, byte| {
                    write!(hex, "{byte:02x}").unwrap();
                    hex
                });
            for word in [secret, &secret[4..47], &digest] {
                assert!(!log.contains(word), "{on:?}");
            }
        }
        if let Some((_, password)) = node
            .database_url
            .rsplit_once('@')
            .and_then(|(account, _)| account.rsplit_once(':'))
        {
            assert!(!log.contains(password), "the database's password");
        }
    }
}
