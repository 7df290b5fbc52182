//! Hardening of the process before it reads a secret: no core file, and no other process that reads
//! its memory.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::{Command, Stdio},
};

use common::{BINARY, Node, On, text, until};
use countersign_xtask::server::Launch;

/// `nobody`, for when the tests are run by root, whose processes belong to root in any case.
const NOBODY: u32 = 65534;

#[test]
fn the_service_leaves_no_core_file_and_cannot_be_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let ours = fs::metadata(folder.path()).unwrap().uid();
    let user = if ours == 0 { NOBODY } else { ours };
    // The build's folder may be closed to that user.
    let program = folder.path().join("countersign");
    fs::copy(BINARY, &program).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    let mut command = Command::new(&program);
    if ours == 0 {
        chown(&work, Some(user), None).unwrap();
        command.uid(user);
    }
    command
        .env_clear()
        .env("COUNTERSIGN_LISTEN", "127.0.0.1:0")
        .current_dir(&work)
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.path().join("log")).unwrap());
    let mut process = command.spawn().unwrap();
    let of_process = Path::new("/proc").join(process.id().to_string());
    let log = || fs::read_to_string(folder.path().join("log")).unwrap();
    until("it listens", || log().contains("\"listening\""));
    let limits = fs::read_to_string(of_process.join("limits")).unwrap();
    let status = fs::read_to_string(of_process.join("status")).unwrap();
    // The files of a process that cannot be dumped belong to root (proc(5)).
    let owner = fs::metadata(of_process.join("mem")).unwrap().uid();
    process.kill().unwrap();
    process.wait().unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let sizes: Vec<&str> = core.expect(&limits).split_whitespace().skip(4).collect();
    assert_eq!(sizes[..2], ["0", "0"], "{limits}");
    let runs_as = status.lines().find(|line| line.starts_with("Uid:"));
    let runs_as: Vec<&str> = runs_as.expect(&status).split_whitespace().collect();
    assert_eq!(runs_as[1], user.to_string());
    assert_eq!(owner, 0, "its memory belongs to the user who runs it");
}

#[test]
fn a_database_over_a_network_without_verification_is_warned_of() {
    let warned_with = |variable: (&str, &str), url: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = common::bare(folder.path());
        command.env("COUNTERSIGN_DATABASE_URL", url);
        let command = command.env(variable.0, variable.1);
        let output = command.args(["tenant", "list"]).output().unwrap();
        text(&output.stderr).contains("sslmode=verify-full")
    };
    let warned = |url| warned_with(("PGAPPNAME", "test"), url);
    // Nobody answers at either (RFC 5737), at the second by a refusal.
    assert!(warned("postgres://db.invalid/tokens?sslmode=require"));
    assert!(!warned("postgres://127.0.0.1:1/tokens"));
    assert!(!warned("postgres://db.invalid/tokens?sslmode=verify-full"));
    // What the URL lacks comes from the environment, and what it says beats that.
    let verified = ("PGSSLMODE", "verify-full");
    assert!(!warned_with(verified, "postgres://db.invalid/tokens"));
    assert!(warned_with(
        verified,
        "postgres://db.invalid/tokens?sslmode=prefer"
    ));
    for elsewhere in [("PGHOST", "db.invalid"), ("PGHOSTADDR", "192.0.2.1")] {
        assert!(warned_with(elsewhere, "postgres:///tokens"));
        assert!(!warned_with(elsewhere, "postgres://127.0.0.1:1/tokens"));
    }
}

#[test]
fn a_root_token_that_still_lies_there_is_told_at_each_start() {
    let mut node = Node::launch(Launch::new(BINARY, On::Sqlite.database()));
    let told = |node: &Node| {
        node.server
            .log()
            .unwrap()
            .matches("is still in this file")
            .count()
    };
    assert_eq!(told(&node), 0, "the start that makes it names it otherwise");
    for starts in 1..=2 {
        node.server.terminate().unwrap();
        node.server.restart().unwrap();
        assert_eq!(told(&node), starts);
    }
    fs::remove_file(node.server.folder().join("tokens.db.root-token")).unwrap();
    node.server.terminate().unwrap();
    node.server.restart().unwrap();
    assert_eq!(told(&node), 2);
}
