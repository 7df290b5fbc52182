//! A first start that nobody watches: the deployment has chosen the root token's secret.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::{fs, path::Path, thread};

use common::{BINARY, BOTH, On, TOKENS, answered, bare, countersign, text};
use countersign_xtask::{
    server::{Launch, Server},
    sql,
};
use reqwest::Client;
use serde_json::Value;

/// What `countersign generate-token` prints: the secret and its digest.
fn generated() -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let made = bare(folder.path()).arg("generate-token").output().unwrap();
    assert!(made.status.success());
    let line: Value = serde_json::from_slice(&made.stdout).unwrap();
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 0, "it works offline and stores nothing");
    let member = |name: &str| line[name].as_str().unwrap().to_owned();
    (member("token"), member("digest"))
}

fn start(database_url: &str, setting: &str, value: &str) -> Server {
    let mut launch = Launch::new(BINARY, database_url);
    launch.environment = vec![(setting.to_owned(), value.to_owned())];
    Server::start(launch).unwrap()
}

/// The records that the secret's holder sees, without their last use.
async fn tokens(server: &Server, secret: &str) -> Vec<Value> {
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("http://{}{TOKENS}", server.address()));
    let answer = request.bearer_auth(secret).send().await.unwrap();
    let mut page = answered(answer, 200).await;
    let records = page["content"].as_array_mut().unwrap();
    for record in &mut *records {
        record
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !name.starts_with("lastUsed"));
    }
    records.clone()
}

fn root_token_files(folder: &Path) -> usize {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().contains("root-token"))
        .count()
}

#[tokio::test]
async fn a_secret_in_a_file_becomes_the_first_token_once() {
    let folder = tempfile::tempdir().unwrap();
    for on in BOTH {
        let (secret, _) = generated();
        let file = folder.path().join("bootstrap");
        fs::write(&file, format!("{secret}\n")).unwrap();
        let setting = "COUNTERSIGN_BOOTSTRAP_TOKEN_FILE";
        let mut server = start(&on.database(), setting, file.to_str().unwrap());
        let made = tokens(&server, &secret).await;
        assert_eq!(made.len(), 1);
        assert_eq!(made[0]["name"], "Root");
        assert!(
            secret.ends_with(
                made[0]["partialToken"]
                    .as_str()
                    .unwrap()
                    .trim_start_matches("csg_…")
            )
        );
        assert_eq!(root_token_files(server.folder()), 0);

        assert!(server.terminate().unwrap().success());
        server.restart().unwrap();
        assert_eq!(
            tokens(&server, &secret).await,
            made,
            "a later start changes nothing"
        );
        assert!(!server.log().unwrap().contains("no live token has"));

        // Another secret opens nothing, and the log names the way back in.
        let (other, _) = generated();
        fs::write(&file, &other).unwrap();
        assert!(server.terminate().unwrap().success());
        server.restart().unwrap();
        assert_eq!(tokens(&server, &secret).await, made);
        let log = server.log().unwrap();
        assert!(log.contains("no live token has the secret"), "{log}");
        assert!(log.contains("countersign root-token"), "{log}");
        assert!(!log.contains(&secret[4..]) && !log.contains(&other[4..]));
    }
}

#[tokio::test]
async fn a_digest_is_enough_and_three_nodes_at_once_make_one_token() {
    let (secret, digest) = generated();
    let url = On::Postgres.database();
    let nodes = [(); 3].map(|()| {
        let (url, digest) = (url.clone(), digest.clone());
        thread::spawn(move || start(&url, "COUNTERSIGN_BOOTSTRAP_TOKEN_DIGEST", &digest))
    });
    let nodes = nodes.map(|node| node.join().unwrap());
    for node in &nodes {
        let made = tokens(node, &secret).await;
        assert_eq!(made.len(), 1);
        assert_eq!(made[0]["partialToken"], "csg_…????");
        assert_eq!(root_token_files(node.folder()), 0);
        assert!(!node.log().unwrap().contains("no live token has"));
    }
    let stored = sql::postgres(&url, "SELECT encode(digest, 'hex') FROM token_secrets").unwrap();
    assert_eq!(stored, digest);
    let audit = countersign(nodes[0].folder(), &url, &["audit", "verify"]);
    assert!(audit.status.success(), "{}", text(&audit.stdout));
}

#[test]
fn what_is_no_secret_stops_the_start_and_is_not_repeated() {
    let (secret, digest) = generated();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let typo = format!(
        "{}{}",
        &secret[..20],
        secret[20..].to_uppercase().to_lowercase()
    );
    let wrong = folder.join("wrong");
    fs::write(&wrong, &typo).unwrap();
    let right = folder.join("right");
    fs::write(&right, &secret).unwrap();
    let (wrong, right) = (wrong.to_str().unwrap(), right.to_str().unwrap());
    let (file, hash) = (
        "COUNTERSIGN_BOOTSTRAP_TOKEN_FILE",
        "COUNTERSIGN_BOOTSTRAP_TOKEN_DIGEST",
    );
    for (environment, words) in [
        (&[(file, wrong)][..], "generate-token"),
        (&[(file, "not/there")], "cannot be read"),
        (&[(hash, &secret)], "64 lower-case hexadecimal digits"),
        (&[(file, right), (hash, &digest)], "both given"),
    ] {
        let started = bare(folder)
            .arg("serve")
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        assert_eq!(started.status.code(), Some(2));
        let said = text(&started.stderr);
        assert!(said.contains(words), "{said}");
        assert!(!said.contains(&typo[4..]), "{said}");
        assert!(!said.contains(&secret[4..]), "{said}");
        assert!(!folder.join("countersign.db").exists());
    }
}

#[test]
fn a_database_url_is_read_from_a_file_and_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("url"), "sqlite:elsewhere.db\n").unwrap();
    let run = |environment: &[(&str, &str)], flags: &[&str]| {
        let mut command = bare(folder);
        command.arg("migrate").args(flags);
        command.envs(environment.iter().copied()).output().unwrap()
    };
    let named = ("COUNTERSIGN_DATABASE_URL_FILE", "url");
    assert!(run(&[named], &[]).status.success());
    assert!(folder.join("elsewhere.db").exists());
    assert!(!folder.join("countersign.db").exists());

    let given = ("COUNTERSIGN_DATABASE_URL", "postgres://u:hunter2@h/d");
    for (environment, flags) in [
        (&[named, given][..], &[][..]),
        (&[given], &["--database-url-file", "url"]),
        // Also where it says what the default is.
        (&[named], &["--database-url", "sqlite:countersign.db"]),
    ] {
        let refused = run(environment, flags);
        assert_eq!(refused.status.code(), Some(2));
        let said = text(&refused.stderr);
        assert!(
            said.contains("database-url and database-url-file are both given"),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }

    fs::write(folder.join("url"), "mysql://u:hunter2@h/d").unwrap();
    let refused = run(&[named], &[]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("database-url-file: the file that it names is not accepted"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");

    // A value in place of a path is not repeated either.
    let refused = run(&[("COUNTERSIGN_DATABASE_URL_FILE", "hunter2")], &[]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("cannot be read") && !said.contains("hunter2"),
        "{said}"
    );
}
