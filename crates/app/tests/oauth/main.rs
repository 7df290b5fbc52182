//! Third-party OAuth libraries against the running service: each finds the endpoints by the
//! metadata, introspects, and ends secrets, with every way to authenticate that it has.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;

use std::{path::Path, process::Command};

use common::{BOTH, Node, On, TOKENS, answered, in_a_year, text};
use countersign_xtask::packages::{node, python};
use reqwest::Method;
use serde_json::{Value, json};

/// Where the libraries are kept from one run to the next.
fn store() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("oauth-clients")
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/oauth")
        .join(name)
}

/// Makes a token with these addresses, and returns the whole answer.
async fn made(node: &Node, name: &str, addresses: &[&str]) -> Value {
    let body = json!({
        "name": name, "expiry": in_a_year(), "allowedAddresses": addresses,
        "permissions": ["api.tasks.read", "api.tasks.write"],
    });
    let answer = node.request(Method::POST, TOKENS).json(&body).send();
    answered(answer.await.unwrap(), 201).await
}

/// Runs the client against a service on that database, with two secrets of one token and one of a
/// token that is bound to addresses; and sees the history of what the client did.
async fn tried(on: On, mut client: Command) {
    let node = Node::start(on);
    let old = made(&node, "rotated", &[]).await;
    let bound = made(&node, "bound", &["192.0.2.0/24"]).await;
    let path = format!("{TOKENS}/{}", old["id"].as_str().unwrap());
    let rotate = node.request(Method::POST, &format!("{path}/rotate"));
    let body = json!({"version": 1, "overlapSeconds": 3600});
    let new = answered(rotate.json(&body).send().await.unwrap(), 200).await;
    let secret = |record: &Value| record["token"].as_str().unwrap().to_owned();
    client
        .env("COUNTERSIGN_URL", node.server.url())
        .env("COUNTERSIGN_ROOT_TOKEN", &node.root)
        .env("OLD_SECRET", secret(&old))
        .env("NEW_SECRET", secret(&new))
        .env("BOUND_SECRET", secret(&bound))
        .env("NO_PROXY", "127.0.0.1")
        // Authlib's word for plain HTTP on the machine itself.
        .env("AUTHLIB_INSECURE_TRANSPORT", "1");
    let output = client.output().unwrap();
    let (told, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{told}{errors}");
    assert!(!told.is_empty(), "it says what it tried");

    let events = node.request(Method::GET, &format!("{path}/events"));
    let events = answered(events.send().await.unwrap(), 200).await;
    let kinds = events["content"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["revoked", "updated", "rotated", "created"]);
    for ended in [0, 1] {
        let by = &events["content"][ended]["userInfo"]["userId"];
        assert_eq!(*by, old["userId"], "by the token itself");
    }
    let audit = node.command(&["audit", "verify"]);
    assert!(audit.status.success(), "{}", text(&audit.stderr));
}

#[tokio::test]
async fn authlib() {
    for on in BOTH {
        let pins = ["Authlib==1.9.10", "requests==2.34.2"];
        let mut client = python(&pins, &store()).expect("Authlib");
        client.arg(script("authlib_client.py"));
        tried(on, client).await;
    }
}

#[tokio::test]
async fn oauth4webapi_and_openid_client() {
    for on in BOTH {
        let pins = ["oauth4webapi@3.8.8", "openid-client@6.9.0"];
        let mut client = node(&pins, &store()).expect("oauth4webapi");
        client.arg(script("oauth4webapi_client.mjs"));
        tried(on, client).await;
    }
}
