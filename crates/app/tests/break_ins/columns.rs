//! Tests that a changed column, an added row or a removed row is always named by the verification,
//! without any other evidence.

use super::{
    Site, Verdict,
    common::{BOTH, On, countersign},
};

const OTHER: &str = "0190a000-0000-7000-8000-000000000007";

/// A table, a column, its new value in both dialects, and what is said.
type Change = (&'static str, &'static str, [&'static str; 2], &'static str);

const LATER: [&str; 2] = ["+ interval '1 second'", "+ 1000000"];

const CHANGES: [Change; 22] = [
    (
        "token_secrets",
        "digest",
        ["sha256('x')", "randomblob(32)"],
        "a secret is stored that no event made",
    ),
    (
        "token_secrets",
        "tenant_id",
        ["{other}", "{other}"],
        "the secret of version 2 is not stored",
    ),
    (
        "token_secrets",
        "token_id",
        ["{other}", "{other}"],
        "the secret of version 2 is not stored",
    ),
    (
        "token_secrets",
        "partial_token",
        ["'csg_…zzzz'", "'csg_…zzzz'"],
        "the partial_token of the secret of version 2",
    ),
    (
        "token_secrets",
        "created_at",
        ["created_at {later}", "created_at {later}"],
        "the created_at of the secret of version 2",
    ),
    (
        "token_secrets",
        "retires_at",
        ["created_at", "created_at"],
        "the retires_at of the secret of version 2",
    ),
    (
        "token_secrets",
        "last_used_at",
        ["NULL", "NULL"],
        "the used_at of the token's row in token_uses",
    ),
    (
        "token_secrets",
        "last_used_address",
        ["'192.0.2.9'", "'192.0.2.9'"],
        "the address of the token's row in token_uses",
    ),
    (
        "users",
        "tenant_id",
        ["{other}", "{other}"],
        "the token's user is not stored",
    ),
    (
        "users",
        "id",
        ["{other}", "{other}"],
        "the token's user is not stored",
    ),
    (
        "users",
        "name",
        ["'Root'", "'Root'"],
        "the name of the token's user",
    ),
    (
        "users",
        "kind",
        ["'person'", "'person'"],
        "the kind of the token's user",
    ),
    (
        "users",
        "created_at",
        ["created_at {later}", "created_at {later}"],
        "the created_at of the token's user",
    ),
    (
        "users",
        "closed_at",
        ["created_at", "created_at"],
        "the closed_at of the token's user",
    ),
    (
        "token_search",
        "tenant_id",
        ["{other}", ""],
        "no row in token_search",
    ),
    (
        "token_search",
        "token_id",
        ["{other}", ""],
        "no row in token_search",
    ),
    (
        "token_search",
        "name_key",
        ["'root'", ""],
        "the name_key of the token's row in token_search",
    ),
    (
        "token_search",
        "permissions",
        ["'{api.tasks.read}'", ""],
        "the permissions of the token's row in token_search",
    ),
    (
        "token_uses",
        "tenant_id",
        ["{other}", "{other}"],
        "no row in token_uses",
    ),
    (
        "token_uses",
        "token_id",
        ["{other}", "{other}"],
        "no row in token_uses",
    ),
    (
        "token_uses",
        "used_at",
        ["used_at {later}", "used_at {later}"],
        "the used_at of the token's row in token_uses",
    ),
    (
        "token_uses",
        "address",
        ["'192.0.2.9'", "'192.0.2.9'"],
        "the address of the token's row in token_uses",
    ),
];

/// A stopped service with a token of two secrets, the newer of which was used.
struct Watched {
    site: Site,
    id: String,
    user: String,
}

impl Watched {
    async fn new(on: On) -> Self {
        let mut site = Site::new(on);
        let made = site.node.create("Watched").await;
        let [id, user] = ["id", "userId"].map(|field| made[field].as_str().unwrap().to_owned());
        let secret = site.rotate(&id, 1).await;
        assert_eq!(site.asks(&secret).await.0, 200);
        // What it has yet to note of uses is noted at its end.
        assert!(site.node.server.terminate().unwrap().success());
        let watched = Self { site, id, user };
        watched.verify().is_intact();
        watched
    }

    /// Which row of a table is the token's: of its secrets, the newest.
    fn row(&self, table: &str) -> String {
        match table {
            "users" => format!("id = {}", self.site.id(&self.user)),
            "token_secrets" => format!(
                "token_id = {} AND retires_at IS NULL",
                self.site.id(&self.id)
            ),
            _ => format!("token_id = {}", self.site.id(&self.id)),
        }
    }

    fn verify(&self) -> Verdict {
        self.site.verify(&[])
    }

    /// Tampers with a table, sees what is said, and takes it back.
    fn tampered(&self, table: &str, statement: &str) -> Verdict {
        let site = &self.site;
        site.as_owner(&format!(
            "CREATE TABLE kept AS SELECT * FROM {table}; {statement}"
        ));
        let verdict = self.verify();
        site.as_owner(&format!(
            "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"
        ));
        verdict
    }

    fn tables(&self) -> impl Iterator<Item = &'static str> {
        let there = ["token_secrets", "users", "token_uses", "token_search"];
        let searched = self.site.on == On::Postgres;
        there
            .into_iter()
            .filter(move |table| searched || *table != "token_search")
    }
}

#[tokio::test]
async fn each_column_that_was_changed_is_named() {
    for on in BOTH {
        let watched = Watched::new(on).await;
        let dialect = usize::from(on == On::Sqlite);
        let other = watched.site.id(OTHER);
        let mut tried = 0;
        for (table, column, values, said) in CHANGES {
            let value = values[dialect];
            if value.is_empty() {
                continue;
            }
            let value = value
                .replace("{other}", &other)
                .replace("{later}", LATER[dialect]);
            let row = watched.row(table);
            let verdict = watched.tampered(
                table,
                &format!("UPDATE {table} SET {column} = {value} WHERE {row}"),
            );
            verdict.names(&[said, &watched.id]);
            tried += 1;
        }
        assert_eq!(tried, if on == On::Postgres { 22 } else { 18 });
        watched.verify().is_intact();
    }
}

#[tokio::test]
async fn each_row_that_is_missing_is_named() {
    for on in BOTH {
        let watched = Watched::new(on).await;
        for table in watched.tables() {
            let row = watched.row(table);
            let verdict = watched.tampered(table, &format!("DELETE FROM {table} WHERE {row}"));
            let said = match table {
                "token_secrets" => "the secret of version 2 is not stored",
                "users" => "the token's user is not stored",
                _ => "no row in",
            };
            verdict.names(&[said, &watched.id]);
        }
        watched.verify().is_intact();
    }
}

#[tokio::test]
async fn each_row_of_no_token_is_named() {
    for on in BOTH {
        let watched = Watched::new(on).await;
        let other = watched.site.id(OTHER);
        for table in watched.tables() {
            let row = watched.row(table);
            // The same row once more, under the key of nobody.
            let key = if table == "users" { "id" } else { "token_id" };
            let mut alter = format!("UPDATE copy SET {key} = {other}; ");
            if table == "token_secrets" {
                let digest = ["sha256('x')", "zeroblob(32)"][usize::from(on == On::Sqlite)];
                alter = format!("{alter} UPDATE copy SET digest = {digest}; ");
            }
            let verdict = watched.tampered(
                table,
                &format!(
                    "CREATE TABLE copy AS SELECT * FROM {table} WHERE {row}; {alter} \
                     INSERT INTO {table} SELECT * FROM copy; DROP TABLE copy"
                ),
            );
            verdict.names(&["belongs to no token", table, OTHER]);
            let lines: Vec<_> = verdict.said.lines().collect();
            assert_eq!(lines.len(), 1, "{lines:?}");
        }
        watched.verify().is_intact();
    }
}

/// One who cannot read is not told that all is intact.
#[tokio::test]
async fn a_look_that_cannot_be_finished_is_no_finding() {
    let watched = Watched::new(On::Postgres).await;
    watched.site.as_owner("DROP TABLE token_search");
    let node = &watched.site.node;
    let untold = countersign(
        node.server.folder(),
        &node.database_url,
        &["audit", "verify"],
    );
    let verdict = Verdict::of(&untold);
    assert_eq!((verdict.code, &*verdict.said), (Some(3), ""));
}
