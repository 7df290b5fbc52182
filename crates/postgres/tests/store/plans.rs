//! What a change costs the server beside the change: what it reads is found by an index, whatever
//! statistics there are, and no caller waits for the pending lists of the search.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use countersign_application::testing::{Stores, rename_to};
use countersign_domain::uuid::Uuid;
use sqlx::{Executor as _, PgConnection};
use tokio::time::Instant;

use crate::support::{Database, PATIENCE};

#[tokio::test]
async fn a_node_empties_the_pending_lists_after_its_changes() {
    let database = Database::new().await;
    let home = Stores::of(database.store(1).await).realm("home").await;
    let mut session = database.connect().await;
    session
        .execute("CREATE EXTENSION pgstattuple")
        .await
        .unwrap();
    let view = home.make("a").await.view;
    home.update(&view, &rename_to("b")).await;
    let pending = "SELECT sum((pgstatginindex(indexrelid)).pending_tuples)::bigint FROM pg_index \
                   WHERE indrelid = 'token_search'::regclass AND NOT indisunique";
    let start = Instant::now();
    while sqlx::query_scalar::<_, i64>(pending)
        .fetch_one(&mut session)
        .await
        .unwrap()
        > 0
    {
        assert!(start.elapsed() < PATIENCE, "nobody empties the lists");
    }
}

/// Tenant, token, its user, and who made it.
type Ids = (Uuid, Uuid, Uuid, Uuid);

#[tokio::test]
async fn no_change_reads_a_whole_table() {
    let database = Database::new().await;
    let home = Stores::of(database.store(1).await).realm("home").await;
    home.make("a").await;
    let mut session = database.connect().await;
    let ids = "SELECT tenant_id, id, user_id, created_by FROM api_tokens";
    let ids: Ids = sqlx::query_as(ids).fetch_one(&mut session).await.unwrap();
    // All is made by one: it seems to be everywhere in the history.
    let rows = "INSERT INTO audit_events \
        (tenant_id, token_id, version_after, kind, at, by_user, request_id, changes, hash) \
        SELECT t.tenant_id, gen_random_uuid(), 1, 'created', now(), t.created_by, 'r', '{}', '' \
        FROM api_tokens t, generate_series(1, 20000)";
    session.execute(rows).await.unwrap();
    session.execute("ANALYZE").await.unwrap();

    session.execute("BEGIN").await.unwrap();
    session
        .execute("SET LOCAL plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    let before = whole_reads(&mut session).await;
    one(&mut session, ids).await;
    several(&mut session, ids).await;
    assert_eq!(whole_reads(&mut session).await, before);
    // What else the functions set is for the rest of the transaction.
    let limit = "SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'";
    let limit: i32 = sqlx::query_scalar(limit)
        .fetch_one(&mut session)
        .await
        .unwrap();
    assert!((1..=900).contains(&limit), "{limit}");
}

/// How often this session has read each table from its beginning to its end.
async fn whole_reads(session: &mut PgConnection) -> Vec<(String, i64)> {
    let reads = "SELECT relname::text, seq_scan FROM pg_stat_xact_user_tables ORDER BY relname";
    sqlx::query_as(reads).fetch_all(session).await.unwrap()
}

async fn one(session: &mut PgConnection, (tenant, token, user, maker): Ids) {
    let admitted: (bool, bool, bool, bool) = sqlx::query_as(
        "SELECT * FROM authorize_change($1, NULL, $2, now(), '{}', NULL, NULL, $3, 'b', $4)",
    )
    .bind(tenant)
    .bind(maker)
    .bind(token)
    .bind(user)
    .fetch_one(session)
    .await
    .unwrap();
    assert_eq!(admitted, (true, true, true, true));
}

async fn several(session: &mut PgConnection, (tenant, token, user, maker): Ids) {
    let admitted: (bool, bool, bool, bool) = sqlx::query_as(
        "SELECT live, able, made_nothing, name_taken FROM authorize_changes(\
         ARRAY[$1], ARRAY[NULL::uuid], ARRAY[$2], ARRAY[now()], ARRAY['{}'], ARRAY[NULL::bytea], \
         ARRAY[NULL], ARRAY[$3], ARRAY['b'], ARRAY[$4])",
    )
    .bind(tenant)
    .bind(maker)
    .bind(token)
    .bind(user)
    .fetch_one(session)
    .await
    .unwrap();
    assert_eq!(admitted, (true, true, true, false));
}
