//! Another session of the database that holds a lock and keeps it: a forgotten session, a backup, a
//! migration.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Stdio},
    thread::{self, JoinHandle},
    time::Duration,
};

use countersign_xtask::sql;

use super::within;

/// A write lock on an SQLite file, until it is dropped.
pub(crate) struct SqliteLock {
    child: Child,
    _out: BufReader<ChildStdout>,
}

impl SqliteLock {
    pub(crate) fn hold(file: &Path) -> Self {
        const SCRIPT: &str = "import sqlite3, sys\n\
            database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n\
            database.execute('BEGIN IMMEDIATE')\n\
            print('held', flush=True)\n\
            sys.stdin.read()";
        let mut child = countersign_xtask::python()
            .unwrap()
            .args(["-c", SCRIPT])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "held\n", "the other process got no lock");
        Self { child, _out: out }
    }
}

impl Drop for SqliteLock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A lock on a table of a PostgreSQL database, until it is dropped.
pub(crate) struct PostgresLock {
    url: String,
    session: Option<JoinHandle<()>>,
}

/// Marks the session, so that the right one is ended.
const MARK: &str = "the intruder";

impl PostgresLock {
    /// Locks these tables, separated by commas.
    pub(crate) fn hold(url: &str, tables: &str) -> Self {
        let statements = format!(
            "SET application_name = '{MARK}'; BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE; \
             SELECT pg_sleep(120)"
        );
        let own = url.to_owned();
        let session = thread::spawn(move || {
            // It ends with an error: somebody terminates it.
            let _ = sql::postgres(&own, &statements);
        });
        // It has all of them or none.
        let last = tables.rsplit(',').next().unwrap_or(tables).trim();
        let held = format!(
            "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' \
             AND relation = '{last}'::regclass"
        );
        within(Duration::from_secs(20), "the intruder has its lock", || {
            sql::postgres(url, &held).unwrap() == "1"
        });
        Self {
            url: url.to_owned(),
            session: Some(session),
        }
    }
}

impl Drop for PostgresLock {
    fn drop(&mut self) {
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = '{MARK}' AND datname = current_database()"
        );
        let _ = sql::postgres(&self.url, &end);
        if let Some(session) = self.session.take() {
            let _ = session.join();
        }
    }
}
