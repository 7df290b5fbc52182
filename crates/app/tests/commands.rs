//! The commands of an operator on the machine, beside the running service.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use std::fs;

use common::{BOTH, Node, On, TOKENS, answered, countersign, text};
use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn a_root_token_is_on_standard_output_alone_and_works() {
    for on in BOTH {
        let node = Node::start(on);
        let mut secrets = Vec::new();
        for _ in 0..2 {
            let made = node.command(&["root-token"]);
            assert!(made.status.success(), "{}", text(&made.stderr));
            let secret = text(&made.stdout).strip_suffix('\n').unwrap();
            assert!(countersign_domain::Secret::parse(secret).is_ok());
            assert!(!text(&made.stderr).contains(secret));
            let own = node.request_as(secret, Method::GET, &format!("{TOKENS}/current"));
            let own = answered(own.send().await.unwrap(), 200).await;
            assert!(own["name"].as_str().unwrap().starts_with("Root 2"));
            secrets.push(secret.to_owned());
        }
        assert_ne!(secrets[0], secrets[1]);
    }
}

#[tokio::test]
async fn a_root_token_that_cannot_be_made_leaves_standard_output_empty() {
    let node = Node::start(On::Sqlite);
    assert!(
        node.command(&["root-token", "--name", "Spare"])
            .status
            .success()
    );
    for (arguments, word) in [
        (["--name", "Spare"], "Spare"),
        (["--name", ""], "name"),
        (["--tenant", "nobody"], "nobody"),
    ] {
        let refused = node.command(&[&["root-token"], &arguments[..]].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(text(&refused.stdout), "");
        assert!(
            text(&refused.stderr).contains(word),
            "{}",
            text(&refused.stderr)
        );
    }
}

#[tokio::test]
async fn a_tenant_has_its_own_root_token_and_sees_nothing_else() {
    for on in BOTH {
        let node = Node::start(on);
        let made = node.command(&["tenant", "create", "Acme"]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let secret = made["token"].as_str().unwrap();
        let all = node.request_as(secret, Method::GET, TOKENS).send().await;
        assert_eq!(
            answered(all.unwrap(), 200).await["content"]
                .as_array()
                .unwrap()
                .len(),
            1
        );

        let listed = node.command(&["tenant", "list"]);
        let listed: Vec<Value> = text(&listed.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let names: Vec<_> = listed.iter().map(|tenant| tenant["name"].clone()).collect();
        assert_eq!(names.len(), 2);
        assert!(names.contains(&"Acme".into()) && names.contains(&"default".into()));
        assert!(
            listed
                .iter()
                .any(|tenant| tenant["tenantId"] == made["tenantId"])
        );

        let again = node.command(&["tenant", "create", "Acme"]);
        assert_eq!(again.status.code(), Some(1));
        assert_eq!(text(&again.stdout), "");
        let further = node.command(&["root-token", "--tenant", "Acme"]);
        assert!(further.status.success(), "{}", text(&further.stderr));
    }
}

#[tokio::test]
async fn a_touched_history_is_found() {
    for on in BOTH {
        let node = Node::start(on);
        let made = node.create("Watched").await;
        let id = made["id"].as_str().unwrap();
        assert_eq!(node.rename(id, 1, "Watched closely").await.status(), 200);

        let intact = node.command(&["audit", "verify"]);
        assert!(intact.status.success(), "{}", text(&intact.stderr));
        let told: Vec<_> = text(&intact.stdout).lines().collect();
        assert_eq!(told[0], "intact: 2 tokens with 3 events");
        let digest = told[1].strip_prefix("heads: ").unwrap();
        assert!(digest.len() == 64 && told.len() == 2, "{told:?}");

        tamper(&node, on, id);
        let broken = node.command(&["audit", "verify"]);
        assert_eq!(broken.status.code(), Some(1));
        let told = text(&broken.stdout);
        assert!(told.contains("version 2") && told.contains(id), "{told}");
        assert!(told.contains("tenant"), "{told}");
    }
}

#[test]
fn a_history_that_cannot_be_read_is_not_called_broken() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("noise.db"), "no database at all").unwrap();
    let nowhere = "postgres://nobody:nothing@127.0.0.1:1/none";
    for url in ["sqlite:noise.db", nowhere] {
        let untold = countersign(folder.path(), url, &["audit", "verify"]);
        assert_eq!(untold.status.code(), Some(3));
        assert_eq!(text(&untold.stdout), "");
        assert_ne!(text(&untold.stderr), "");
    }
}

/// Says that the renaming came from elsewhere, as somebody with the database's own rights could.
fn tamper(node: &Node, on: On, id: &str) {
    let alter = "UPDATE audit_events SET request_id = 'forged' WHERE version_after = 2";
    match on {
        On::Postgres => {
            node.sql("ALTER TABLE audit_events DISABLE TRIGGER USER");
            node.sql(&format!("{alter} AND token_id = '{id}'"));
        }
        On::Sqlite => {
            let triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'";
            for trigger in node.sql(triggers).lines() {
                node.sql(&format!("DROP TRIGGER {trigger}"));
            }
            node.sql(&format!(
                "{alter} AND token_id = x'{}'",
                id.replace('-', "")
            ));
        }
    }
}

#[test]
fn whether_it_is_ready_is_in_the_exit_code() {
    let mut node = Node::start(On::Sqlite);
    let port = node.server.address().port();
    let ask = |host: &str| {
        let listen = format!("{host}:{port}");
        node.command(&["healthcheck", "--listen", &listen])
            .status
            .code()
    };
    assert_eq!(ask("127.0.0.1"), Some(0));
    assert_eq!(
        ask("0.0.0.0"),
        Some(0),
        "what listens everywhere is asked at the loopback"
    );
    assert!(node.server.terminate().unwrap().success());
    let listen = format!("127.0.0.1:{port}");
    let refused = node.command(&["healthcheck", "--listen", &listen]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains(&listen),
        "{}",
        text(&refused.stderr)
    );
    let unknown = node.command(&["healthcheck", "--listen", "127.0.0.1:0"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn a_mistyped_database_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    for (command, code) in [
        (&["root-token"][..], 1),
        (&["tenant", "list"], 1),
        (&["tenant", "create", "Acme"], 1),
        // 1 would say that a history is broken.
        (&["audit", "verify"], 3),
    ] {
        let refused = countersign(folder.path(), "sqlite:typo.db", command);
        assert_eq!(refused.status.code(), Some(code));
        assert!(
            text(&refused.stderr).contains("typo.db"),
            "{}",
            text(&refused.stderr)
        );
        assert_eq!(text(&refused.stdout), "");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_database_can_be_prepared_before_the_first_start() {
    for on in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let url = on.database();
        for command in [
            &["migrate"][..],
            &["migrate"],
            &["root-token"],
            &["audit", "verify"],
        ] {
            let done = countersign(folder.path(), &url, command);
            assert!(done.status.success(), "{command:?}: {}", text(&done.stderr));
        }
    }
}

#[test]
fn the_document_is_printed_without_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let printed = countersign(folder.path(), "sqlite:none.db", &["openapi"]);
    assert!(printed.status.success());
    let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
