//! Test of a file of the first release, migrated to this version.

use std::path::Path;

use countersign_application::testing::Stores;
use sqlx::{AssertSqlSafe, Executor as _, migrate::Migrator};

use super::{SqliteStore, tests::fresh};
use crate::migration::MIGRATIONS;

#[tokio::test]
async fn a_file_of_the_first_release_is_brought_up_to_date() {
    let (folder, of_now) = fresh().await;
    let mut home = Stores::of(of_now.clone()).realm("home").await;
    let made = home.make("before").await;
    of_now.close().await;

    let store = SqliteStore::open(&folder.path().join("old.db"))
        .await
        .unwrap();
    let first = Migrator::with_migrations(vec![MIGRATIONS.migrations[0].clone()]);
    first.run(&store.writer.pool).await.unwrap();
    copy_what_the_first_release_had(&store, folder.path()).await;
    home.stores = Stores {
        entropy: home.stores.entropy,
        ..Stores::of(store.clone())
    };
    let begin = "0".parse().unwrap();
    store.migrate().await.unwrap();
    assert_eq!(
        home.get(made.view.token.id).await.as_ref(),
        Some(&made.view)
    );
    let news = home.stores.feed.since(&begin, 9).await.unwrap();
    assert_eq!(news.changes.unwrap().len(), 1);
    let rotated = home.rotate(&made.view, 60).await;
    assert_eq!(home.get(made.view.token.id).await, Some(rotated.view));
}

/// Copies all rows of the file in that folder, in the columns of the first release.
async fn copy_what_the_first_release_had(store: &SqliteStore, folder: &Path) {
    let file = folder.join("test.db");
    let mut connection = store.writer.acquire().await.unwrap();
    let mut run = async |sql: String| {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    };
    run(format!("ATTACH '{}' AS now; BEGIN", file.display())).await;
    for (table, columns) in [
        ("tenants", "id, name, created_at, system_user_id"),
        ("users", "tenant_id, id, name, kind, created_at, closed_at"),
        (
            "api_tokens",
            "tenant_id, id, version, name, name_key, user_id, partial_token, expiry, \
             allowed_addresses, permissions, created_at, created_by, modified_at, modified_by, \
             chain_head, revoked_at",
        ),
        (
            "token_secrets",
            "digest, tenant_id, token_id, partial_token, created_at, retires_at",
        ),
        (
            "audit_events",
            "tenant_id, token_id, version_after, kind, at, by_user, address, request_id, \
             version_before, changes, hash",
        ),
    ] {
        let copied = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM now.{table}");
        run(copied).await;
    }
    run("COMMIT; DETACH now".to_owned()).await;
}
