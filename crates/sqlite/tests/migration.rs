//! What becomes of a file that the release before filled.

use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, sqlite::SqliteConnectOptions};

#[tokio::test]
async fn tokens_from_before_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new().filename(folder.path().join("test.db"));
    let mut writer = file.create_if_missing(true).connect().await.unwrap();
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    let token = |n: u8, revoked: &str| {
        format!(
            "INSERT INTO users VALUES (zeroblob(16), unhex('{n:032}'), 'T{n}', 'api_token', 0, NULL); \
             INSERT INTO api_tokens VALUES (zeroblob(16), unhex('{n:032}'), 1, 'T{n}', 't{n}', unhex('{n:032}'), 'x', 0, '[]', \
             '[]', 0, zeroblob(16), 0, zeroblob(16), zeroblob(32), {revoked});"
        )
    };
    let before = [
        "BEGIN; INSERT INTO tenants VALUES (zeroblob(16), 'main', 0, zeroblob(16)); \
         INSERT INTO users VALUES (zeroblob(16), zeroblob(16), 'system', 'system', 0, NULL); COMMIT;",
        &token(1, "NULL"),
        &token(2, "NULL"),
        &token(3, "0"),
        "INSERT INTO token_uses VALUES (zeroblob(16), unhex('00000000000000000000000000000001'), 7, NULL), \
         (zeroblob(16), unhex('00000000000000000000000000000003'), 7, NULL);",
    ]
    .concat();
    let after = [
        &token(4, "NULL"),
        "UPDATE api_tokens SET revoked_at = 0 WHERE name_key = 't2';",
    ]
    .concat();
    for part in [
        "0001_tokens",
        "0002_feed_and_use",
        "0003_sessions",
        "",
        "0004_lists",
        "-",
    ] {
        let sql = match part {
            "" => before.clone(),
            "-" => after.clone(),
            name => std::fs::read_to_string(format!("{files}/{name}.sql")).unwrap(),
        };
        writer.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let found: Vec<(String, Option<i64>)> = sqlx::query_as(
        "SELECT t.name_key, l.used_at FROM token_uses l JOIN api_tokens t ON t.id = l.token_id ORDER BY 1",
    )
    .fetch_all(&mut writer)
    .await
    .unwrap();
    assert_eq!(found, [("t1".into(), Some(7)), ("t4".into(), None)]);
}

#[tokio::test]
async fn keys_are_folded_unless_the_name_is_taken_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new().filename(folder.path().join("test.db"));
    let mut writer = file.create_if_missing(true).connect().await.unwrap();
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    let token = |(n, key, revoked): (u8, &str, &str)| {
        format!(
            "INSERT INTO users VALUES (zeroblob(16), unhex('{n:032}'), '{key}', 'api_token', 0, NULL); \
             INSERT INTO api_tokens VALUES (zeroblob(16), unhex('{n:032}'), 1, '{key}', '{key}', \
             unhex('{n:032}'), 'x', 0, '[]', '[]', 0, zeroblob(16), 0, zeroblob(16), zeroblob(32), {revoked});"
        )
    };
    let long = format!("k{}l", " ".repeat(126));
    let tokens = [
        (1, "a   b", "NULL"),
        (2, "c  d", "NULL"),
        (3, "c d", "NULL"),
        (4, "e  f", "NULL"),
        (5, "e   f", "NULL"),
        (6, "g  h", "0"),
        (7, "g h", "NULL"),
        (8, "i j", "NULL"),
        (9, &long, "NULL"),
    ];
    let before = "BEGIN; INSERT INTO tenants VALUES (zeroblob(16), 'main', 0, zeroblob(16)); \
         INSERT INTO users VALUES (zeroblob(16), zeroblob(16), 'system', 'system', 0, NULL); COMMIT;";
    for name in [
        "0001_tokens",
        "0002_feed_and_use",
        "0003_sessions",
        "0004_lists",
        "0007_commitments",
        "0008_descent",
        "",
        "0009_revocations_and_names",
    ] {
        let sql = match name {
            "" => format!("{before}{}", tokens.map(token).concat()),
            name => std::fs::read_to_string(format!("{files}/{name}.sql")).unwrap(),
        };
        writer.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let keys: Vec<String> = sqlx::query_scalar("SELECT name_key FROM api_tokens ORDER BY id")
        .fetch_all(&mut writer)
        .await
        .unwrap();
    let expected = [
        "a b", "c  d", "c d", "e f", "e   f", "g h", "g h", "i j", "k l",
    ];
    assert_eq!(keys, expected);
}
