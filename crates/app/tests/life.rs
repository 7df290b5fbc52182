//! The process and its surroundings: one writer per file, an orderly end, a log without secrets.

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
    process::{Command, Stdio},
    time::Instant,
};

use common::{BOTH, Node, On, TOKENS, bare, countersign, text, until};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
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

/// A lock beside the database is gone as soon as somebody removes it, and a second name of the
/// database has another one.
#[test]
fn a_removed_lock_or_a_second_name_lets_no_second_service_in() {
    let node = Node::start(On::Sqlite);
    let folder = node.server.folder();
    std::fs::remove_file(folder.join("tokens.db.lock")).unwrap();
    std::fs::hard_link(folder.join("tokens.db"), folder.join("second.db")).unwrap();
    for url in ["sqlite:tokens.db", "sqlite:second.db"] {
        let second = countersign(folder, url, &["serve", "--listen", "127.0.0.1:0"]);
        let told = text(&second.stderr);
        assert_eq!(second.status.code(), Some(1), "{told}");
        assert!(told.contains("another `countersign serve`"), "{told}");
    }
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
fn scarce_descriptors_are_told_and_kept_for_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bare(folder.path());
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    let mut service = Command::new("prlimit")
        .args(["--nofile=90:100", common::BINARY])
        .args(command.get_args())
        .current_dir(folder.path())
        .env_remove("COUNTERSIGN_DATABASE_URL")
        .env_remove("COUNTERSIGN_TEST_POSTGRES_URL")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(service.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let told = lines.find(|line| line.contains("max-connections")).unwrap();
    for part in [r#""level":"WARN""#, r#""wanted":4096"#, r#""granted":16"#] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let listening = lines.find(|line| line.contains("listening")).unwrap();
    let listening: Value = serde_json::from_str(&listening).unwrap();
    let address = listening["listen"].as_str().unwrap();
    let crowd: Vec<TcpStream> = (0..150)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    drop(crowd.into_iter().skip(15).collect::<Vec<_>>());
    let ready = bare(folder.path())
        .args(["healthcheck", "--listen", address])
        .output()
        .unwrap();
    assert!(ready.status.success(), "{}", text(&ready.stderr));
    kill(Pid::from_raw(service.id().cast_signed()), Signal::SIGTERM).unwrap();
    let rest: Vec<String> = lines.collect();
    assert!(service.wait().unwrap().success());
    let failed = rest.iter().find(|line| line.contains("no connection can"));
    assert_eq!(failed, None);
}

/// Makes every insertion count without end.
const ENDLESS: &str = "CREATE TRIGGER endless BEFORE INSERT ON api_tokens BEGIN \
    SELECT max(n) FROM (WITH RECURSIVE counted(n) AS \
    (SELECT 1 UNION ALL SELECT n + 1 FROM counted) SELECT n FROM counted); END";

#[test]
fn a_query_that_never_ends_does_not_hold_the_end_up() {
    let grace = [("COUNTERSIGN_SHUTDOWN_GRACE_SECONDS", "1")];
    let mut node = Node::start_with(On::Sqlite, &grace);
    // Straight to the library: our own way cuts statements at semicolons.
    let slowed = Command::new("python3")
        .args([
            "-c",
            "import sqlite3, sys; sqlite3.connect('tokens.db').executescript(sys.argv[1])",
            ENDLESS,
        ])
        .current_dir(node.server.folder())
        .status();
    assert!(slowed.unwrap().success());
    let body = json!({
        "name": "Endless",
        "expiry": common::in_a_year(),
        "permissions": ["api.api-tokens.read"],
    })
    .to_string();
    let mut stream = in_flight(&node, body.len());
    stream.write_all(body.as_bytes()).unwrap();
    // The rest of the interim answer comes first.
    let mut lines = BufReader::new(&mut stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("HTTP/1.1 503")));
    let begun = Instant::now();
    assert!(node.server.terminate().unwrap().success());
    let took = begun.elapsed();
    assert!(took.as_secs() < 5, "{took:?}");
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
