//! A start that has to wait, and one for which waiting does not help: the answers of the port in
//! the meantime, the log, and the exit code.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../e2e/mod.rs"]
mod e2e;
mod refusals;

use std::{
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStderr, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{On, bare, countersign, text};
use countersign_xtask::{
    cluster::{Cluster, Durability},
    sql,
};
use e2e::{
    intruder::{PostgresLock, SqliteLock},
    within,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

/// The longest that a start may take which nothing but a mistake stands in the way of.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A service on its way.
struct Starting {
    child: Child,
    lines: Option<Lines<BufReader<ChildStderr>>>,
    address: String,
}

impl Starting {
    fn begin(folder: &Path, database_url: &str) -> Self {
        Self::begin_with(folder, database_url, &[])
    }

    fn begin_with(folder: &Path, database_url: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = bare(folder)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("COUNTERSIGN_DATABASE_URL", database_url)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = until_said(&mut lines, "\"starting\"");
        let said: Value = serde_json::from_str(&said).unwrap();
        let address = said["listen"].as_str().unwrap().to_owned();
        Self {
            child,
            lines: Some(lines),
            address,
        }
    }

    fn until_said(&mut self, words: &str) -> String {
        until_said(self.lines.as_mut().unwrap(), words)
    }

    /// The whole answer.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(AT_ONCE)).unwrap();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: x\r\nx-request-id: probe-1\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn status(&self, request: &str) -> u16 {
        let answer = self.ask(request);
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Lives, is not ready, and refuses everything else by a problem that says so.
    fn assert_waits(&self) {
        assert_eq!(self.status("GET /health/live"), 200);
        assert_eq!(self.status("HEAD /health/live"), 200);
        assert_eq!(self.status("GET /health/live?x=1"), 400);
        assert_eq!(self.status("GET /health/l%69ve"), 200);
        let ready = self.ask("GET /health/ready");
        assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
        assert!(
            ready.ends_with(r#"{"status":"down","reason":"starting"}"#),
            "{ready}"
        );
        for request in [
            "GET /api/v1/api-tokens",
            "POST /api/v1/api-tokens/verify",
            "GET /auth",
            "POST /oauth2/introspect",
            "GET /metrics",
            "GET /console",
            "GET /nothing/here",
        ] {
            let answer = self.ask(request);
            assert!(answer.starts_with("HTTP/1.1 503"), "{request}: {answer}");
            let head = answer.to_lowercase();
            let form = if request.contains("/oauth2/") {
                "content-type: application/json"
            } else {
                "content-type: application/problem+json"
            };
            for header in [
                form,
                "retry-after: 1",
                "x-request-id: probe-1",
                "x-content-type-options: nosniff",
            ] {
                assert!(head.contains(header), "{request} lacks {header}: {answer}");
            }
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["type"], "/problems/starting", "{request}");
        }
    }

    /// It starts after all, and ends in order.
    fn assert_starts(mut self) {
        self.until_said("listening");
        within(AT_ONCE, "ready", || self.status("GET /health/ready") == 200);
        assert_eq!(self.status("GET /api/v1/api-tokens"), 401);
        self.end();
    }

    fn end(mut self) {
        let lines = self.lines.take().unwrap();
        let rest = thread::spawn(move || lines.for_each(drop));
        kill(
            Pid::from_raw(self.child.id().cast_signed()),
            Signal::SIGTERM,
        )
        .unwrap();
        assert!(self.child.wait().unwrap().success());
        rest.join().unwrap();
    }
}

/// A process that no test has ended ends here, also if a test failed.
impl Drop for Starting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until_said(lines: &mut Lines<BufReader<ChildStderr>>, words: &str) -> String {
    let mut lines = lines.map(Result::unwrap);
    lines.find(|line| line.contains(words)).expect("it says so")
}

#[test]
fn a_service_whose_database_is_away_lives_and_waits() {
    let mut cluster = Cluster::start(Durability::Relaxed).unwrap();
    cluster.create_database("late").unwrap();
    cluster.stop().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut service = Starting::begin(folder.path(), &cluster.url("late"));
    let said = service.until_said("does not answer yet");
    let password = cluster.url("late");
    let password = password.split([':', '@']).nth(2).unwrap();
    assert!(!said.contains(password));
    assert_eq!(said.matches("refused").count(), 1, "{said}");
    assert!(!said.contains("pool timed out"), "{said}");
    service.assert_waits();
    cluster.start_again().unwrap();
    service.assert_starts();
}

#[test]
fn a_service_that_waits_ends_in_order_when_it_is_told_to() {
    let mut cluster = Cluster::start(Durability::Relaxed).unwrap();
    cluster.stop().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut service = Starting::begin(folder.path(), &cluster.url("late"));
    service.until_said("does not answer yet");
    let begun = Instant::now();
    service.end();
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[test]
fn a_service_whose_database_is_being_migrated_lives_and_waits() {
    let database = On::Postgres.database();
    let folder = tempfile::tempdir().unwrap();
    let migrate = || countersign(folder.path(), &database, &["migrate"]);
    assert!(migrate().status.success());
    // The last migration is to be carried out again, and waits for its own row.
    sql::postgres(
        &database,
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .unwrap();
    let lock = PostgresLock::hold(&database, "_sqlx_migrations");
    let service = Starting::begin(folder.path(), &database);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock' AND query ILIKE '%_sqlx_migrations%'";
    within(AT_ONCE, "the migration waits", || {
        sql::postgres(&database, waits).unwrap() != "0"
    });
    service.assert_waits();
    drop(lock);
    drop(service);
}

#[test]
fn a_service_whose_file_is_locked_lives_and_waits() {
    let folder = tempfile::tempdir().unwrap();
    let lock = SqliteLock::hold(&folder.path().join("tokens.db"));
    let service = Starting::begin(folder.path(), "sqlite:tokens.db");
    service.assert_waits();
    drop(lock);
    service.assert_starts();
}

/// The order of `docs/deploy/kubernetes/postgres`, where nodes and the migration start together.
#[test]
fn a_service_that_is_to_wait_outlasts_a_migration_by_another_role() {
    let cluster = Cluster::start(Durability::Relaxed).unwrap();
    let folder = tempfile::tempdir().unwrap();
    cluster.create_database("countersign").unwrap();
    let owner = cluster.url("countersign");
    // Before version 15 of PostgreSQL everybody may create tables.
    let role = "CREATE ROLE countersign_service LOGIN PASSWORD 'weak'; \
                REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    sql::postgres(&owner, role).unwrap();
    let (_, server) = owner.rsplit_once('@').unwrap();
    let service = format!("postgres://countersign_service:weak@{server}");
    let setting = [("COUNTERSIGN_WAIT_FOR_DATABASE", "true")];
    let mut service = Starting::begin_with(folder.path(), &service, &setting);
    let said = service.until_said("does not answer yet");
    assert!(said.contains("SQLSTATE 42501"), "{said}");
    service.assert_waits();
    let migrated = countersign(folder.path(), &owner, &["migrate"]);
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    service.assert_waits();
    let grants = include_str!("../../../../docs/deploy/kubernetes/postgres/grants.sql");
    sql::postgres(&owner, grants).unwrap();
    service.assert_starts();
}

#[test]
fn a_service_that_is_to_wait_outlasts_a_missing_database() {
    let cluster = Cluster::start(Durability::Relaxed).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let setting = [("COUNTERSIGN_WAIT_FOR_DATABASE", "true")];
    let mut service = Starting::begin_with(folder.path(), &cluster.url("late"), &setting);
    let said = service.until_said("does not answer yet");
    assert!(said.contains("SQLSTATE 3D000"), "{said}");
    service.assert_waits();
    cluster.create_database("late").unwrap();
    service.assert_starts();
}
