//! Probe whether the write-ahead log has room for a change.

use sqlx::SqliteConnection;

/// Writes about as much to the log as a large change does, for a transaction to roll back: with a
/// small cache the pages are written before the commit. A rollback leaves them after the log's end,
/// where the next change overwrites them.
pub(crate) async fn fill_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA cache_size = 8")
        .execute(&mut *connection)
        .await?;
    let made = sqlx::query("CREATE TABLE write_try (filler BLOB)")
        .execute(&mut *connection)
        .await;
    let filled = match made {
        Ok(_) => {
            let fill = sqlx::query("INSERT INTO write_try VALUES (zeroblob(262144))");
            fill.execute(&mut *connection).await
        }
        refused => refused,
    };
    // SQLite's default, whatever the result is.
    sqlx::query("PRAGMA cache_size = -2000")
        .execute(&mut *connection)
        .await?;
    filled.map(drop)
}
