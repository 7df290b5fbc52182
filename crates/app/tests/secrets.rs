//! With the most verbose log and every operation called in every way that succeeds or fails, a
//! secret appears once, in the answer that makes it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;
mod e2e;

use std::fs;

use common::{Node, On, TOKENS, in_a_year, text};
use countersign_domain::{Secret, TokenPrefix};
use e2e::{
    UNKNOWN_ID,
    client::{Answer, Client},
    contract::{Operation, operations},
    traces,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// All that was sent and answered.
struct Run {
    root: Client,
    secrets: Vec<String>,
    answers: Vec<Answer>,
    prefix: TokenPrefix,
}

impl Run {
    async fn send(&mut self, client: &Client, request: RequestBuilder) -> Answer {
        let answer = client.send(request).await.unwrap();
        assert_ne!(answer.status, 500, "{}: {}", answer.call, answer.text);
        self.answers.push(answer.clone());
        answer
    }

    /// A token for one call, since the call may be the one that revokes it.
    async fn make(&mut self) -> (Value, Client) {
        let draft = json!({
            "name": format!("For call {}", self.answers.len()),
            "expiry": in_a_year(),
            "permissions": ["api.api-tokens.read", "api.tasks.read"],
        });
        let key = format!("key-{}", self.answers.len());
        let root = self.root.clone();
        let request = root
            .request(Method::POST, TOKENS)
            .header("Idempotency-Key", &key)
            .json(&draft);
        let again = request.try_clone().unwrap();
        let made = self.send(&root, request).await.expect(201);
        self.send(&root, again).await.expect(409);
        let secret = made["token"].as_str().unwrap().to_owned();
        let own = root.with_secret(&secret);
        self.secrets.push(secret);
        (made, own)
    }

    /// One operation as its caller wants it, and in the ways in which it goes wrong.
    async fn in_all_ways(&mut self, operation: &Operation) {
        let (made, narrow) = self.make().await;
        let id = made["id"].as_str().unwrap();
        let ends_its_caller =
            operation.method == Method::DELETE && operation.path_of(id).ends_with("/current");
        let root = if ends_its_caller {
            self.make().await.1
        } else {
            self.root.clone()
        };
        let unissued = Secret::with_prefix(&self.prefix, &[9; 32]);
        self.secrets.push(unissued.expose().to_owned());
        let mut corrupt = made["token"].as_str().unwrap().to_owned();
        corrupt.pop();

        let clients = [
            root.with_secret(""),
            root.with_secret(unissued.expose()),
            root.with_secret(&corrupt),
            root.with_secret("ordinary words"),
            narrow,
        ];
        for client in &clients {
            let request = self.well_formed(client, operation, id);
            self.send(client, request).await;
        }
        let secret = made["token"].as_str().unwrap();
        let path = operation.path_of(UNKNOWN_ID);
        let by_hand = |path: &str| root.request(operation.method.clone(), path);
        for request in [
            self.well_formed(&root, operation, UNKNOWN_ID),
            self.well_formed(&root, operation, secret),
            by_hand(&format!("{path}?access_token={secret}")),
            by_hand(&path)
                .body("{\"name\": ")
                .header("Content-Type", "application/json"),
            by_hand(&path).json(&json!({"token": secret, "name": 7, "permissions": [secret]})),
            by_hand(&path).body(format!("token={secret}")),
            by_hand(&path).header("Authorization", format!("Basic {secret}")),
            by_hand(&path)
                .header("Cookie", format!("token={secret}"))
                .header("x-request-id", secret),
            by_hand(&path).header("If-Match", secret),
            // A second credential; the same alone follows below.
            by_hand(&path).header("X-API-Key", secret),
            by_hand(&path)
                .header("Idempotency-Key", "a key")
                .json(&json!({})),
        ] {
            self.send(&root, request).await;
        }
        let own = format!("{TOKENS}/current");
        let nobody = root.with_secret("");
        for request in [
            nobody
                .request(Method::GET, &own)
                .basic_auth("any", Some(secret)),
            nobody
                .request(Method::GET, &own)
                .header("X-API-Key", secret),
            nobody
                .request(Method::GET, &own)
                .header("X-API-Key", &corrupt),
        ] {
            self.send(&root, request).await;
        }
        if let Some(on) = operation.switches() {
            let request = by_hand(&format!("{}?{on}", operation.path_of(id)));
            let request = request.json(operation.body.as_ref().unwrap_or(&Value::Null));
            self.send(&root, request).await;
        }
        for _ in 0..2 {
            // The second time it is a conflict, or gone.
            let request = self.well_formed(&root, operation, id);
            self.send(&root, request).await;
        }
    }

    fn well_formed(&self, client: &Client, operation: &Operation, id: &str) -> RequestBuilder {
        let request = client.request(operation.method.clone(), &operation.path_of(id));
        let Some(mut body) = operation.body.clone() else {
            return request;
        };
        if body.get("name").is_some() {
            body["name"] = json!(format!("Name {}", self.answers.len()));
        }
        request.json(&body)
    }
}

async fn no_secret_shows(on: On, prefix: &str) {
    let settings = [
        ("COUNTERSIGN_LOG", "trace"),
        ("RUST_LOG", "trace"),
        ("COUNTERSIGN_TOKEN_PREFIX", prefix),
        ("COUNTERSIGN_TOKEN_HEADERS", "basic,x-api-key"),
    ];
    let mut node = Node::start_with(on, &settings);
    let root = Client::root(&node);
    let mut run = Run {
        root: root.clone(),
        secrets: vec![node.root.clone()],
        answers: Vec::new(),
        prefix: prefix.parse().unwrap(),
    };
    let made = node.command(&["root-token"]);
    run.secrets.push(text(&made.stdout).trim().to_owned());
    let tenant: Value =
        serde_json::from_slice(&node.command(&["tenant", "create", "T"]).stdout).unwrap();
    run.secrets
        .push(tenant["token"].as_str().unwrap().to_owned());
    for secret in run.secrets.clone() {
        let client = root.with_secret(&secret);
        let request = client.request(Method::GET, &format!("{TOKENS}/current"));
        run.send(&client, request).await.expect(200);
    }
    for operation in operations(&root).await {
        run.in_all_ways(&operation).await;
    }
    let verified = node.command(&["audit", "verify"]);
    assert!(verified.status.success());
    node.server.terminate().unwrap();

    let log = node.server.log().unwrap();
    assert!(!log.contains("is no setting"), "the log was not turned up");
    for answer in &run.answers {
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert!(
            log.contains(id),
            "{} with the request id {id} is not in the log",
            answer.call
        );
    }
    let created = run
        .answers
        .iter()
        .filter(|answer| answer.status == 201)
        .count();
    assert!(created > 10, "only {created} tokens were made");
    // All but those of commands, which run without settings.
    let begins = |secret: &&String| secret.starts_with(&format!("{prefix}_"));
    assert!(run.secrets.iter().filter(begins).count() > 10);
    for secret in &run.secrets {
        let (plain, digest) = (traces::of_secret(secret), traces::of_digest(secret));
        for forms in [&plain, &digest] {
            if let Some((form, place)) = traces::found(&log, forms) {
                let line = log[..place].rfind('\n').map_or(0, |end| end + 1);
                let line = log[line..].lines().next().unwrap_or_default();
                panic!("the log holds {form}, of {secret}: {line}");
            }
            for answer in &run.answers {
                let mut shown = format!("{:?} {}", answer.headers, answer.text);
                if answer.status == 201 && answer.body["token"] == **secret {
                    // Once, where it is made.
                    shown = shown.replacen(secret.as_str(), "", 1);
                }
                let trace = traces::found(&shown, forms);
                assert_eq!(
                    trace, None,
                    "{} shows {secret}: {}",
                    answer.call, answer.text
                );
            }
        }
        match on {
            On::Sqlite => assert_no_file_holds(&node, secret, &plain),
            On::Postgres => assert_no_table_holds(&node, secret, &plain),
        }
    }
}

/// Neither the database nor what lies beside it; the file that hands out the first secret is there for that.
fn assert_no_file_holds(node: &Node, secret: &str, forms: &[String]) {
    let mut files = 0;
    for entry in fs::read_dir(node.server.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|ending| ending == "root-token")
        {
            continue;
        }
        files += 1;
        let bytes = fs::read(&path).unwrap();
        let content = String::from_utf8_lossy(&bytes);
        let trace = traces::found(&content, forms);
        assert_eq!(
            trace.map(|found| found.0),
            None,
            "{} holds {secret}",
            path.display()
        );
    }
    assert!(files >= 2, "there should be a database and a log");
}

fn assert_no_table_holds(node: &Node, secret: &str, forms: &[String]) {
    let tables = node.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    assert!(tables.contains("token_secrets"), "{tables}");
    for table in tables.lines() {
        let rows = node.sql(&format!("SELECT t::text FROM {table} t"));
        assert_eq!(traces::found(&rows, forms), None, "{table} holds {secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_shows_on_sqlite() {
    no_secret_shows(On::Sqlite, "csg").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_shows_on_postgres() {
    no_secret_shows(On::Postgres, "csg").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_with_another_prefix_shows() {
    no_secret_shows(On::Sqlite, "acme_live").await;
}
