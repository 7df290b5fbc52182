//! Starts that waiting cannot help: every command ends at once, and its exit code says so.

use std::{path::Path, process::Output, time::Instant};

use countersign_xtask::{
    cluster::{Cluster, Durability},
    sql,
};

use crate::{
    AT_ONCE,
    common::{BOTH, countersign, text},
};

/// All commands that need the database, with the exit code of a refusal.
fn assert_all_end(folder: &Path, database_url: &str, code: i32, words: &[&str]) {
    for (arguments, code) in [
        (&["serve", "--listen", "127.0.0.1:0"][..], code),
        (&["migrate"], code),
        (&["root-token"], code),
        (&["tenant", "list"], code),
        // 1 would be a finding; the table of its codes has always had 3 for this.
        (&["audit", "verify"], 3),
    ] {
        let begun = Instant::now();
        let Output { status, stderr, .. } = countersign(folder, database_url, arguments);
        let said = text(&stderr);
        assert_eq!(status.code(), Some(code), "{arguments:?}: {said}");
        assert!(begun.elapsed() < AT_ONCE, "{arguments:?}");
        for words in words {
            assert_eq!(said.matches(words).count(), 1, "{arguments:?}: {said}");
        }
        assert!(!said.contains("does not answer yet"), "{said}");
        assert!(!said.contains("is the database there"), "{said}");
    }
}

#[test]
fn a_server_that_lets_nobody_in_ends_every_command_at_once() {
    let folder = tempfile::tempdir().unwrap();
    // The server of all tests may trust everybody.
    let cluster = Cluster::start(Durability::Relaxed).unwrap();
    let nowhere = cluster.url("no_such_database");
    assert_all_end(
        folder.path(),
        &nowhere,
        78,
        &["does not exist", "SQLSTATE 3D000"],
    );
    let password = nowhere.split([':', '@']).nth(2).unwrap();
    let wrong = cluster.url("postgres").replace(password, "guessed");
    let words = ["password authentication failed", "SQLSTATE 28P01"];
    assert_all_end(folder.path(), &wrong, 78, &words);
}

#[test]
fn a_database_of_a_newer_program_ends_every_command_at_once() {
    for on in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let database = on.database();
        let made = countersign(folder.path(), &database, &["migrate"]);
        assert!(made.status.success());
        let newer = "INSERT INTO _sqlx_migrations SELECT 9999, 'of tomorrow', installed_on, \
                     success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
        match database.strip_prefix("sqlite:") {
            Some(file) => sql::sqlite(&folder.path().join(file), newer),
            None => sql::postgres(&database, newer),
        }
        .unwrap();
        let words = ["newer version of Countersign", "9999"];
        assert_all_end(folder.path(), &database, 5, &words);
    }
}
