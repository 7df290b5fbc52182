//! What the migration of keys makes of names that were stored before.

use sqlx::{AssertSqlSafe, Executor as _};

use crate::support::Database;

#[tokio::test]
async fn keys_are_folded_unless_the_name_is_taken_by_then() {
    let database = Database::new().await;
    let mut owner = database.connect().await;
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let file = |name: &str| std::fs::read_to_string(format!("{files}/{name}.sql")).unwrap();
    for name in [
        "0001_tokens",
        "0002_feed_and_use",
        "0003_sessions",
        "0004_lists",
        "0005_definer_rights",
        "0006_authority_locks",
        "0007_commitments",
        "0008_descent",
    ] {
        let whole = format!("BEGIN; {} COMMIT;", file(name));
        owner.execute(AssertSqlSafe(whole)).await.unwrap();
    }
    let token = |(n, key, revoked): (usize, &str, &str)| {
        format!(
            "INSERT INTO users VALUES (id(0), id({n}), '{key}', 'api_token', now()); \
             INSERT INTO api_tokens VALUES (id(0), id({n}), 1, '{key}', '{key}', id({n}), 'x', \
             now(), '{{}}', '{{a.b}}', now(), id(9), now(), id(9), '', {revoked});"
        )
    };
    let tokens = [
        (1, "a   b", "NULL"),
        (2, "c  d", "NULL"),
        (3, "c d", "NULL"),
        (4, "e  f", "NULL"),
        (5, "e   f", "NULL"),
        (6, "g  h", "now()"),
        (7, "g h", "NULL"),
        (8, "i j", "NULL"),
    ];
    let before = [
        "CREATE FUNCTION id(n int) RETURNS uuid LANGUAGE sql AS \
         $$ SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid $$;",
        "BEGIN; SET CONSTRAINTS ALL DEFERRED; ALTER TABLE tenants DROP CONSTRAINT tenants_system_user; \
         INSERT INTO tenants VALUES (id(0), 'main', now(), id(9)); \
         INSERT INTO users VALUES (id(0), id(9), 'system', 'system', now()); COMMIT;",
        &tokens.map(token).concat(),
    ];
    owner.execute(AssertSqlSafe(before.concat())).await.unwrap();
    let whole = format!("BEGIN; {} COMMIT;", file("0009_revocations_and_names"));
    owner.execute(AssertSqlSafe(whole)).await.unwrap();
    let keys = async |sql: &'static str, owner: &mut sqlx::PgConnection| {
        let keys: Vec<String> = sqlx::query_scalar(sql).fetch_all(owner).await.unwrap();
        keys
    };
    let all = keys("SELECT name_key FROM api_tokens ORDER BY id", &mut owner).await;
    let expected = ["a b", "c  d", "c d", "e f", "e   f", "g h", "g h", "i j"];
    assert_eq!(all, expected);
    let searched = keys(
        "SELECT name_key FROM token_search ORDER BY token_id",
        &mut owner,
    )
    .await;
    assert_eq!(
        searched,
        ["a b", "c  d", "c d", "e f", "e   f", "g h", "i j"]
    );
}
