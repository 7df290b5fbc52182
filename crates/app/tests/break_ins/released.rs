//! A database that the previous release filled (the files beside this one: tokens that were
//! renamed, rotated with and without an overlap, used, and revoked). It verifies after its
//! migration and when it grows, and shows what its events can show.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use countersign_domain::Secret;
use countersign_xtask::{
    python,
    server::{Launch, Server},
    sql,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{
    Verdict,
    common::{
        BINARY, BOTH, On, TOKENS, answered, countersign, maintenance, on_server, text, unused_name,
    },
    hex,
};

const SQLITE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/break_ins/released/sqlite.sql"
);
const POSTGRES: &str = include_str!("released/postgres.sql");

/// The URL of a database as the release before left it.
fn filled(on: On, folder: &Path) -> String {
    match on {
        On::Sqlite => {
            let file = folder.join("old.db");
            let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())";
            let mut python: Command = python().unwrap();
            let done = python
                .args(["-c", script])
                .arg(&file)
                .arg(SQLITE)
                .stdin(Stdio::null());
            assert!(done.status().unwrap().success());
            format!("sqlite:{}", file.display())
        }
        On::Postgres => {
            let (admin, name) = (maintenance(), unused_name());
            sql::postgres(&admin, &format!("CREATE DATABASE {name}")).unwrap();
            let url = on_server(&admin, &name);
            sql::postgres(&url, POSTGRES).unwrap();
            url
        }
    }
}

fn run(url: &str, statement: &str) -> String {
    match url.strip_prefix("sqlite:") {
        Some(file) => sql::sqlite(Path::new(file), statement).unwrap(),
        None => sql::postgres(url, statement).unwrap(),
    }
}

/// A token's record, by its name.
async fn named(server: &Server, root: &str, name: &str) -> Value {
    let body = json!({"name": {"$eq": name}});
    let path = format!("{TOKENS}/query");
    let found = asked(server, root, Method::POST, &path, &body).await;
    found["content"][0].clone()
}

async fn asked(server: &Server, root: &str, method: Method, path: &str, body: &Value) -> Value {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method.clone(), format!("{}{path}", server.url()));
    if method != Method::GET {
        request = request.json(body);
    }
    let answer = request.bearer_auth(root).send().await.unwrap();
    answered(answer, 200).await
}

#[tokio::test]
async fn what_the_release_before_left_verifies_and_grows() {
    for on in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let url = filled(on, folder.path());
        let command = |arguments: &[&str]| countersign(folder.path(), &url, arguments);
        let verify =
            |arguments: &[&str]| Verdict::of(&command(&[&["audit", "verify"], arguments].concat()));
        assert!(command(&["migrate"]).status.success());
        let verdict = verify(&["--heads", "heads"]);
        verdict.is_intact();
        assert!(
            verdict
                .said
                .starts_with("intact: 5 tokens with 12 events\n"),
            "{verdict:?}"
        );

        let made = command(&["root-token"]);
        let root = text(&made.stdout).trim();
        let mut server = Server::start(Launch::new(BINARY, &url)).unwrap();
        let old = named(&server, root, "plain").await;
        let path = format!("{TOKENS}/{}", old["id"].as_str().unwrap());
        let renamed = json!({"version": 1, "name": "plain still"});
        asked(&server, root, Method::PUT, &path, &renamed).await;
        let events = asked(
            &server,
            root,
            Method::GET,
            &format!("{path}/events"),
            &json!({}),
        )
        .await;
        let encodings = events["content"].as_array().unwrap();
        let encodings: Vec<_> = encodings.iter().map(|event| &event["encoding"]).collect();
        assert_eq!(encodings, [2, 1]);
        assert!(server.terminate().unwrap().success());
        let grown = verify(&["--since", "heads"]);
        grown.is_intact();
        assert!(
            grown.said.starts_with("intact: 6 tokens with 14 events\n"),
            "{grown:?}"
        );

        // Its events show how many secrets there are, and when they were made.
        let digest = hex(Secret::from_random(&[5; 32]).digest().as_bytes());
        let digest = match on {
            On::Postgres => format!("'\\x{digest}'"),
            On::Sqlite => format!("x'{digest}'"),
        };
        run(
            &url,
            &format!(
                "INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at) \
                 SELECT {digest}, tenant_id, id, partial_token, created_at FROM api_tokens WHERE name = 'rotated'"
            ),
        );
        verify(&[]).names(&["a secret is stored that no event made"]);
        run(
            &url,
            &format!("DELETE FROM token_secrets WHERE digest = {digest}"),
        );
        verify(&[]).is_intact();
        run(&url, "UPDATE token_secrets SET retires_at = NULL");
        verify(&[]).names(&["the retires_at of the secret of version 1"]);
    }
}
