//! Migration of the tables to this program's version.

use countersign_application::ports::MigrationFault;
use sqlx::migrate::{MigrateError, Migrator};

use crate::{
    SqliteStore,
    error::{store_error, within},
};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

impl SqliteStore {
    /// Applies the missing migrations, however long that takes. Several processes at the same time
    /// apply each of them once.
    ///
    /// # Errors
    /// Fails if the file cannot be written, belongs to a newer program, or has other tables.
    pub async fn migrate(&self) -> Result<(), MigrationFault> {
        // The migrations nest in a transaction that holds the write lock from the start: a second
        // process sees either none of them or all.
        let mut whole = within(self.writer.begin()).await?;
        MIGRATIONS
            .run_direct(None, &mut *whole, false)
            .await
            .map_err(failed)?;
        whole.commit().await.map_err(store_error)?;
        Ok(())
    }

    /// Whether all migrations of this program were applied; changes nothing.
    ///
    /// # Errors
    /// Fails if a newer program has migrated the file. A file that cannot be read counts as not
    /// current.
    pub async fn is_current(&self) -> Result<bool, MigrationFault> {
        // A table of the library's, which an empty file lacks.
        let newest = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success");
        let newest: Option<i64> = match newest.fetch_one(&self.readers).await {
            Ok(newest) => newest,
            Err(_) => return Ok(false),
        };
        match newest {
            Some(version) if version > known() => Err(newer(version)),
            version => Ok(version == Some(known())),
        }
    }
}

/// The newest migration of this program.
fn known() -> i64 {
    MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0)
}

fn newer(database: i64) -> MigrationFault {
    let program = known();
    MigrationFault::Newer { database, program }
}

fn failed(error: MigrateError) -> MigrationFault {
    match error {
        MigrateError::VersionMissing(version) if version > known() => newer(version),
        error => MigrationFault::Failed(Box::new(error)),
    }
}
