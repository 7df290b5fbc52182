//! The first start: one root token, whose secret is handed over once, whatever standard output is
//! and however many nodes there are.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use common::{BINARY, BOTH, Node, On, TOKENS, answered, text};
use countersign_xtask::server::{Launch, Server};
use reqwest::Method;

fn file_of(on: On) -> &'static str {
    match on {
        On::Sqlite => "tokens.db.root-token",
        On::Postgres => "countersign.root-token",
    }
}

fn kept_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .map(|name| name.into_string().unwrap())
        .filter(|name| name.contains("root-token"))
        .collect()
}

#[tokio::test]
async fn the_secret_is_in_one_private_file_and_never_again() {
    for on in BOTH {
        let mut node = Node::start(on);
        let folder = node.server.folder().to_owned();
        assert_eq!(kept_in(&folder), [file_of(on)]);
        let file = folder.join(file_of(on));
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            format!("{}\n", node.root)
        );
        assert!(node.server.log().unwrap().contains(file.to_str().unwrap()));

        let own = node
            .request(Method::GET, &format!("{TOKENS}/current"))
            .send();
        let own = answered(own.await.unwrap(), 200).await;
        assert_eq!(own["name"], "Root");
        assert_eq!(own["permissions"].as_array().unwrap().len(), 66);

        fs::remove_file(&file).unwrap();
        assert!(node.server.terminate().unwrap().success());
        node.server.restart().unwrap();
        assert_eq!(kept_in(&folder), [""; 0]);
        let all = node.request(Method::GET, TOKENS).send().await.unwrap();
        assert_eq!(
            answered(all, 200).await["content"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn nodes_at_once_make_one_root_token() {
    let url = On::Postgres.database();
    let start = || {
        let launch = Launch::new(BINARY, url.clone());
        thread::spawn(|| Server::start(launch).unwrap())
    };
    let nodes: Vec<Server> = [start(), start(), start()]
        .into_iter()
        .map(|node| node.join().unwrap())
        .collect();
    let kept: usize = nodes.iter().map(|node| kept_in(node.folder()).len()).sum();
    assert_eq!(kept, 1);
    let made = countersign_xtask::sql::postgres(&url, "SELECT count(*) FROM api_tokens").unwrap();
    assert_eq!(made, "1");
    let tenants = countersign_xtask::sql::postgres(&url, "SELECT count(*) FROM tenants").unwrap();
    assert_eq!(tenants, "1");
}

/// Runs the service until it has logged a line with those words, and returns the line.
fn until_said(folder: &Path, url: &str, words: &str) -> String {
    let mut service = common::bare(folder)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("COUNTERSIGN_DATABASE_URL", url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(service.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let said = lines.find(|line| line.contains(words));
    service.kill().unwrap();
    service.wait().unwrap();
    said.expect("it said so")
}

#[test]
fn two_databases_in_one_folder_keep_their_secrets_apart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (first, second) = (On::Postgres.database(), On::Postgres.database());
    let usual = folder.join(file_of(On::Postgres));
    let said = until_said(folder, &first, "the first start made");
    assert!(said.contains(usual.to_str().unwrap()), "{said}");
    let secret = fs::read_to_string(&usual).unwrap();

    let said = until_said(folder, &second, "the first start made");
    assert_eq!(fs::read_to_string(&usual).unwrap(), secret);
    let kept = kept_in(folder);
    assert_eq!(kept.len(), 2, "{kept:?}");
    let other = kept.iter().find(|name| *name != file_of(On::Postgres));
    let other = folder.join(other.unwrap());
    assert!(said.contains(other.to_str().unwrap()), "{said}");
    let mode = fs::metadata(&other).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for (url, file) in [(&first, &usual), (&second, &other)] {
        let secret = fs::read_to_string(file).unwrap();
        let stored = format!(
            "SELECT count(*) FROM token_secrets WHERE digest = sha256('{}')",
            secret.trim_end()
        );
        let found = countersign_xtask::sql::postgres(url, &stored).unwrap();
        assert_eq!(found, "1");
    }

    // Whoever missed that line is told at every start.
    let said = until_said(folder, &second, "left this file");
    assert!(said.contains(other.to_str().unwrap()), "{said}");
}

/// Runs the binary on a terminal, passes on what it shows, and ends with its own standard input.
const TERMINAL: &str = "
import os, pty, signal, sys, threading
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def end():
    sys.stdin.read()
    os.kill(pid, signal.SIGTERM)
threading.Thread(target=end, daemon=True).start()
while True:
    try:
        shown = os.read(terminal, 4096)
    except OSError:
        break
    if not shown:
        break
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[test]
fn on_a_terminal_it_is_shown_in_lines_that_work() {
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().join("shown");
    let mut terminal = countersign_xtask::python()
        .unwrap()
        .args(["-c", TERMINAL, BINARY, "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_remove("COUNTERSIGN_DATABASE_URL")
        .env_remove("COUNTERSIGN_TEST_POSTGRES_URL")
        .stdin(Stdio::piped())
        .stdout(fs::File::create(&shown).unwrap())
        .spawn()
        .unwrap();
    let read = || fs::read_to_string(&shown).unwrap().replace('\r', "");
    common::until("greeted", || read().contains("First, renamed\"}'\n\n"));
    let text = read();
    let (log, _) = text.split_once("TOKEN=").unwrap();
    assert!(
        log.contains("listening"),
        "the log is written before: {text}"
    );
    assert!(log.contains("/console: sign in"), "{log}");
    let lines = &text[log.len()..];

    let answers = pasted(lines);
    assert!(answers.contains(r#""name":"First""#), "{answers}");
    assert!(answers.contains(r#""name":"First, renamed""#), "{answers}");
    assert!(answers.contains(r#""version":2"#), "{answers}");

    drop(terminal.stdin.take());
    assert!(terminal.wait().unwrap().success());
    let secret = &lines[7..60];
    assert!(secret.starts_with("csg_"));
    assert_eq!(read().matches(secret).count(), 1);
    assert_eq!(kept_in(folder.path()), [""; 0]);
}

/// The output of a shell that gets these lines, through a pipe because they hold a secret.
fn pasted(lines: &str) -> String {
    let mut shell = Command::new("sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    let answers = shell.wait_with_output().unwrap();
    assert!(
        answers.status.success(),
        "are `sh`, `sed` and `curl` there?"
    );
    text(&answers.stdout).to_owned()
}

#[test]
fn a_secret_that_cannot_be_kept_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    // The name of the file is longer than a file system allows, the database's own name is not.
    let name = format!("{}.db", "a".repeat(240));
    let url = format!("sqlite:{name}");
    let refused = common::countersign(folder.path(), &url, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("root token"),
        "{}",
        text(&refused.stderr)
    );
    let rows = countersign_xtask::sql::sqlite(
        &folder.path().join(name),
        "SELECT count(*) FROM api_tokens",
    );
    assert_eq!(rows.unwrap(), "0");
}

/// Runs the binary on a terminal that takes nothing more, and asks it to stop once it listens.
const STOPPED_TERMINAL: &str = "
import os, pty, signal, subprocess, sys
_, terminal = pty.openpty()
os.set_blocking(terminal, False)
try:
    while True:
        os.write(terminal, b'x' * 1000)
except BlockingIOError:
    os.set_blocking(terminal, True)
service = subprocess.Popen(sys.argv[1:], stdout=terminal, stderr=subprocess.PIPE)
for line in service.stderr:
    if b'listening' in line:
        break
service.send_signal(signal.SIGTERM)
rest = service.stderr.read()
assert b'reached nobody' in rest, rest
sys.exit(service.wait(10))
";

#[test]
fn a_terminal_that_takes_nothing_does_not_hold_the_end_up() {
    let folder = tempfile::tempdir().unwrap();
    let begin = std::time::Instant::now();
    let status = countersign_xtask::python()
        .unwrap()
        .args(["-c", STOPPED_TERMINAL, BINARY, "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_remove("COUNTERSIGN_DATABASE_URL")
        .env_remove("COUNTERSIGN_TEST_POSTGRES_URL")
        .status();
    assert_eq!(status.unwrap().code(), Some(1), "the secret was not shown");
    assert!(begin.elapsed().as_secs() < 10);
}
