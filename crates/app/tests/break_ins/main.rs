//! Break-ins into the database, with the service's own rights or as the owner of the tables: what
//! the verification finds by itself, and what it finds only with a witness.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod columns;
#[path = "../common/mod.rs"]
mod common;
mod released;
mod witness;

use std::process::Output;

use countersign_domain::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use common::{BOTH, Node, On, TOKENS, answered, text, unused_name};

/// A service whose database somebody has got at.
pub(crate) struct Site {
    pub(crate) node: Node,
    pub(crate) on: On,
}

impl Site {
    pub(crate) fn new(on: On) -> Self {
        let node = Node::start(on);
        Self { node, on }
    }

    /// Runs statements as the owner of the tables, past all triggers and references.
    pub(crate) fn as_owner(&self, statements: &str) -> String {
        match self.on {
            On::Postgres => {
                let all = format!("SET session_replication_role = replica; {statements}");
                self.node.sql(&all)
            }
            On::Sqlite => {
                let triggers = self.node.sql(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'",
                );
                for trigger in triggers.lines() {
                    self.node.sql(&format!("DROP TRIGGER {trigger}"));
                }
                self.node.sql(statements)
            }
        }
    }

    /// An id as a value of SQL.
    pub(crate) fn id(&self, id: &str) -> String {
        match self.on {
            On::Postgres => format!("'{id}'"),
            On::Sqlite => format!("x'{}'", id.replace('-', "")),
        }
    }

    /// Gives a token another secret, and tells that one.
    pub(crate) async fn rotate(&self, id: &str, version: u64) -> String {
        let path = format!("{TOKENS}/{id}/rotate");
        let body = json!({"version": version, "overlapSeconds": 600});
        let answer = self.node.request(Method::POST, &path).json(&body).send();
        let made = answered(answer.await.unwrap(), 200).await;
        made["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn revoke(&self, id: &str) {
        let path = format!("{TOKENS}/{id}");
        let answer = self.node.request(Method::DELETE, &path).send().await;
        assert_eq!(answer.unwrap().status(), 204);
    }

    /// The status that a secret is answered with, and who it is taken for.
    pub(crate) async fn asks(&self, secret: &str) -> (u16, Value) {
        let path = format!("{TOKENS}/current");
        let answer = self.node.request_as(secret, Method::GET, &path).send();
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) fn verify(&self, arguments: &[&str]) -> Verdict {
        Verdict::of(
            &self
                .node
                .command(&[&["audit", "verify"], arguments].concat()),
        )
    }
}

/// What verifying said, and its exit code.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    pub(crate) remarked: String,
}

impl Verdict {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            said: text(&output.stdout).to_owned(),
            remarked: text(&output.stderr).to_owned(),
        }
    }

    #[track_caller]
    pub(crate) fn is_intact(&self) {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert!(self.said.starts_with("intact: "), "{self:?}");
    }

    /// That all of these words are in one line of what was found.
    #[track_caller]
    pub(crate) fn names(&self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        let mut lines = self.said.lines();
        let named = lines.any(|line| words.iter().all(|word| line.contains(word)));
        assert!(named, "{words:?} in {self:?}");
        assert!(!self.said.contains("intact"), "{self:?}");
    }
}

/// The statement that makes a secret one of the token's, as its own row of its own date.
fn planted(site: &Site, secret: &Secret, id: &str) -> String {
    let digest = hex(secret.digest().as_bytes());
    let (partial, id) = (secret.masked(), site.id(id));
    let digest = match site.on {
        On::Postgres => format!("'\\x{digest}'"),
        On::Sqlite => format!("x'{digest}'"),
    };
    format!(
        "INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at) \
         SELECT {digest}, tenant_id, id, '{}', created_at FROM api_tokens WHERE id = {id}",
        partial.as_str()
    )
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// On PostgreSQL the service's role owns no table, as operations.md advises.
fn as_service(site: &Site, statement: &str) {
    if site.on == On::Sqlite {
        site.node.sql(statement);
        return;
    }
    let role = unused_name();
    let tables = "users, api_tokens, token_secrets, audit_events, idempotency_keys";
    site.node.sql(&format!(
        "CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE ON {tables} TO {role}; SET ROLE {role}; {statement}; \
         RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}"
    ));
}

#[tokio::test]
async fn a_secret_that_was_planted_is_named() {
    for on in BOTH {
        let site = Site::new(on);
        let (_, root) = site.asks(&site.node.root).await;
        let root = root["id"].as_str().unwrap();
        site.verify(&[]).is_intact();
        let secret = Secret::from_random(&[5; 32]);
        as_service(&site, &planted(&site, &secret, root));
        let (status, taken_for) = site.asks(secret.expose()).await;
        assert_eq!(
            (status, taken_for["id"].as_str()),
            (200, Some(root)),
            "{on:?}"
        );
        site.verify(&[])
            .names(&["a secret is stored that no event made", root]);
    }
}

/// The number and the dates of the secrets stay as they are.
#[tokio::test]
async fn a_secret_that_took_the_place_of_another_is_named() {
    for on in BOTH {
        let site = Site::new(on);
        let made = site.node.create("Watched").await;
        let id = made["id"].as_str().unwrap();
        let secret = Secret::from_random(&[5; 32]);
        let digest = hex(secret.digest().as_bytes());
        let digest = match on {
            On::Postgres => format!("'\\x{digest}'"),
            On::Sqlite => format!("x'{digest}'"),
        };
        let id_value = site.id(id);
        as_service(
            &site,
            &format!("UPDATE token_secrets SET digest = {digest} WHERE token_id = {id_value}"),
        );
        assert_eq!(site.asks(secret.expose()).await.0, 200, "{on:?}");
        site.verify(&[])
            .names(&["a secret is stored that no event made", id]);
    }
}
