//! What lists are read from beside the tokens: made for those that were there before, and no more than a help.

use countersign_application::{
    ports::TokenStore as _,
    query::{Filter, Order, OrderField, PageRequest},
    testing::Stores,
};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::support::Database;

#[tokio::test]
async fn a_history_full_of_others_hides_no_token() {
    let database = Database::new().await;
    let store = database.store(2).await;
    let home = Stores::of(store.clone()).realm("home").await;
    for n in 0..1010 {
        home.make(&format!("token {n}")).await;
    }
    // So many that a walk through the history still meets some of its own tokens, and not all.
    let lost = "INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, request_id, changes, hash) \
                SELECT tenant_id, gen_random_uuid(), 1, 'revoked', at + n * interval '1 second', by_user, '-', '{}', hash \
                FROM (SELECT * FROM audit_events ORDER BY at DESC LIMIT 1) e, generate_series(1, 20001 - 30) n";
    database.connect().await.execute(lost).await.unwrap();
    let order = [Order {
        field: OrderField::LastModifiedDate,
        descending: true,
    }];
    let mut seen = Vec::new();
    for number in 0..11 {
        let page = PageRequest {
            number,
            size: 100,
            count_to: Some(1001),
        };
        let all = Filter::All(Vec::new());
        let page = store.query(home.tenant.id, &all, &order, page).await;
        seen.extend(page.unwrap().content.into_iter().map(|view| view.token.id));
    }
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (1010, 1010));
}

#[tokio::test]
async fn tokens_from_before_are_listed_and_whoever_does_not_own_the_tables_may_change_them() {
    let database = Database::new().await;
    let mut owner = database.connect().await;
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let file = |name: &str| std::fs::read_to_string(format!("{files}/{name}.sql")).unwrap();
    for name in ["0001_tokens", "0002_feed_and_use", "0003_sessions"] {
        owner.execute(AssertSqlSafe(file(name))).await.unwrap();
    }
    let token = |n: u8, revoked: &str| {
        format!(
            "INSERT INTO users VALUES (id(0), id({n}), 'T{n}', 'api_token', now()); \
             INSERT INTO api_tokens VALUES (id(0), id({n}), 1, 'T{n}', 't{n}', id({n}), 'x', now(), '{{}}', '{{a.b}}', now(), \
             id(9), now(), id(9), '', {revoked});"
        )
    };
    let rows = [
        "CREATE FUNCTION id(n int) RETURNS uuid LANGUAGE sql AS \
         $$ SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid $$;",
        "BEGIN; SET CONSTRAINTS ALL DEFERRED; ALTER TABLE tenants DROP CONSTRAINT tenants_system_user; \
         INSERT INTO tenants VALUES (id(0), 'main', now(), id(9)); \
         INSERT INTO users VALUES (id(0), id(9), 'system', 'system', now()); COMMIT;",
        &token(1, "NULL"),
        &token(2, "NULL"),
        &token(3, "now()"),
        "INSERT INTO token_uses VALUES (id(0), id(1), now()), (id(0), id(3), now());",
    ];
    owner.execute(AssertSqlSafe(rows.concat())).await.unwrap();
    for name in ["0004_lists", "0005_definer_rights"] {
        let whole = format!("BEGIN; {} COMMIT;", file(name));
        owner.execute(AssertSqlSafe(whole)).await.unwrap();
    }
    let stands = async |owner: &mut sqlx::PgConnection| {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT concat_ws(' ', right(s.token_id::text, 1), s.name_key, s.permissions, l.used_at IS NOT NULL) \
             FROM token_search s FULL JOIN token_uses l USING (tenant_id, token_id) ORDER BY 1",
        )
        .fetch_all(owner)
        .await
        .unwrap();
        found
    };
    assert_eq!(stands(&mut owner).await, ["1 t1 {a.b} t", "2 t2 {a.b} f"]);

    let role = format!("poor_{}", database.name());
    let rights = format!(
        "CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE ON users, api_tokens TO {role}; SET ROLE {role};"
    );
    owner.execute(AssertSqlSafe(rights)).await.unwrap();
    let changes = [
        // Of the same name, and without an effect: what acts with the owner's rights does not look there.
        "CREATE TEMP TABLE token_search (tenant_id uuid, token_id uuid, name_key text, permissions text[]); \
         GRANT ALL ON token_search TO PUBLIC;",
        &token(4, "NULL"),
        "UPDATE api_tokens SET name_key = 'new', permissions = '{c.d}' WHERE id = id(1);",
        "UPDATE api_tokens SET revoked_at = now() WHERE id = id(2);",
    ];
    owner
        .execute(AssertSqlSafe(changes.concat()))
        .await
        .unwrap();
    let end = format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role};");
    owner.execute(AssertSqlSafe(end)).await.unwrap();
    assert_eq!(stands(&mut owner).await, ["1 new {c.d} t", "4 t4 {a.b} f"]);
}
