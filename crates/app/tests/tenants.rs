//! Tenants whose names people could mistake for one another.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

mod common;

use common::{BOTH, Node, On, text};

/// An older release could make them by the command itself.
const TWIN: &str = "INSERT INTO tenants (id, name, created_at, system_user_id) \
    SELECT 0x, 'ACME', created_at, system_user_id FROM tenants WHERE name = 'Acme'; \
    INSERT INTO users (tenant_id, id, name, kind, created_at) \
    SELECT id, system_user_id, 'Countersign', 'system', created_at FROM tenants WHERE name = 'ACME'";

#[test]
fn names_of_tenants_are_compared_folded_and_what_exists_is_kept_and_reported() {
    for on in BOTH {
        let mut node = Node::start(on);
        assert!(node.command(&["tenant", "create", "Acme"]).status.success());
        for taken in ["ACME", "acme", "Ａcme", "Default"] {
            let refused = node.command(&["tenant", "create", taken]);
            assert_eq!(refused.status.code(), Some(1), "{on:?}: {taken}");
            let told = text(&refused.stderr);
            let name = if taken == "Default" {
                "default"
            } else {
                "Acme"
            };
            assert!(
                told.contains(&format!("taken by the tenant {name:?}")),
                "{told}"
            );
        }
        let folded = node.command(&["root-token", "--tenant", "aCME"]);
        assert!(folded.status.success(), "{}", text(&folded.stderr));
        let list = |node: &Node| {
            let listed = node.command(&["tenant", "list"]);
            assert!(listed.status.success(), "{}", text(&listed.stderr));
            (
                text(&listed.stdout).to_owned(),
                text(&listed.stderr).to_owned(),
            )
        };
        let (listed, told) = list(&node);
        assert!(!listed.contains("sameNameAs"), "{listed}");
        assert_eq!(told, "");

        let (id, deferred) = match on {
            On::Sqlite => (
                "x'00000000000000000000000000000001'",
                "PRAGMA foreign_keys = off; ",
            ),
            On::Postgres => (
                "'00000000-0000-0000-0000-000000000001'",
                "ALTER TABLE tenants DROP CONSTRAINT tenants_system_user; ",
            ),
        };
        node.sql(&format!("{deferred}{}; SELECT 1", TWIN.replace("0x", id)));
        let (listed, told) = list(&node);
        assert_eq!(listed.matches("sameNameAs").count(), 2, "{listed}");
        assert!(
            told.contains(r#""ACME", "Acme": these tenants have the same name"#),
            "{told}"
        );
        let refused = node.command(&["tenant", "create", "acmE"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(node.server.terminate().unwrap().success());
        node.server.restart().unwrap();
        let log = node.server.log().unwrap();
        let warned = log
            .lines()
            .find(|line| line.contains("these tenants have the same name"));
        assert!(warned.unwrap().contains("WARN"), "{log}");
    }
}
