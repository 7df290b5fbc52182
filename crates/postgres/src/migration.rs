//! Migration of the tables to this program's version.

use countersign_application::ports::MigrationFault;
use sqlx::{
    Connection as _, PgConnection, Row as _,
    error::DatabaseError,
    migrate::{MigrateError, Migrator},
    postgres::PgRow,
};
use tokio::time::timeout;

use crate::{
    PostgresStore,
    error::{self, Diagnosis},
    last_failure::no_answer,
    store::{CONNECT, LOOK},
};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

impl PostgresStore {
    /// Migrates the tables. Several nodes may do so at the same time: each waits for the one
    /// before.
    ///
    /// If there is nothing to migrate, it does nothing else, so that a node may start through a
    /// pooler. Otherwise it takes a session lock on a connection of its own, without a time limit,
    /// because a new index may take its time.
    ///
    /// # Errors
    /// Fails if the database cannot be reached, is a standby, refuses the connection or the role's
    /// statements, belongs to a newer program, or has migrations of another history.
    pub async fn migrate(&self) -> Result<(), MigrationFault> {
        if self.is_current().await? {
            return Ok(());
        }
        let session = timeout(CONNECT, PgConnection::connect_with(&self.options)).await;
        let session = session.unwrap_or_else(|_| Err(no_answer()));
        let mut session = session.map_err(connecting)?;
        let outcome = MIGRATIONS.run_direct(None, &mut session, false).await;
        // The lock ends with the session, whatever the result is.
        drop(timeout(LOOK, session.close()).await);
        outcome.map_err(failed)
    }

    /// Whether exactly the migrations of this program were applied; changes nothing.
    ///
    /// # Errors
    /// Fails if the server is a standby or refuses the connection, or a newer program has migrated
    /// the database.
    pub async fn is_current(&self) -> Result<bool, MigrationFault> {
        // Before anything fails there for another reason.
        let server = self.aside.query_within(LOOK, || {
            sqlx::query!(r#"SELECT pg_is_in_recovery() AS "in_recovery!""#)
                .try_map(|row| error::require_primary(row.in_recovery))
        });
        match server
            .await
            .map_err(|lost| (lost.is_in_recovery(), connecting(lost.error)))
        {
            Err((true, fault) | (_, fault @ MigrationFault::Refused(_))) => return Err(fault),
            // A slow server may answer a caller that waits longer.
            Err(_) => return Ok(false),
            Ok(_) => {}
        }
        let done = self.aside.query_within(LOOK, || {
            // A table of the library's, which the database that describes the queries may lack.
            sqlx::query(
                "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version",
            )
            .try_map(|row: PgRow| Ok((row.try_get(0)?, row.try_get(1)?)))
        });
        // If that is unknown, the migrations find out.
        let Ok(done): Result<Vec<(i64, Vec<u8>)>, _> = done.await else {
            return Ok(false);
        };
        match done.last() {
            Some((version, _)) if *version > known() => return Err(newer(*version)),
            _ => {}
        }
        let ours = MIGRATIONS.iter().map(|one| (one.version, &*one.checksum));
        Ok(ours.eq(done
            .iter()
            .map(|(version, checksum)| (*version, &**checksum))))
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

/// No privilege (PostgreSQL, appendix A).
const NO_PRIVILEGE: &str = "42501";

/// The reason why no query was possible. These are the codes of a server that refuses the
/// connection: invalid authorization, no such database, no privilege to connect (PostgreSQL,
/// appendix A).
fn connecting(error: sqlx::Error) -> MigrationFault {
    let code = error.as_database_error().and_then(DatabaseError::code);
    let refused =
        code.is_some_and(|code| code.starts_with("28") || code == "3D000" || code == NO_PRIVILEGE);
    let source = error::source(error);
    if refused {
        MigrationFault::Refused(source)
    } else {
        MigrationFault::Away(source)
    }
}

fn failed(error: MigrateError) -> MigrationFault {
    match error {
        MigrateError::VersionMissing(version) if version > known() => newer(version),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => executing(error),
        error => MigrationFault::Failed(Box::new(error)),
    }
}

fn executing(error: sqlx::Error) -> MigrationFault {
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.is_some_and(|code| code == NO_PRIVILEGE) {
        // Another role owns the tables, and has not migrated them yet.
        MigrationFault::Refused(error::source(error))
    } else if passes(&error) {
        MigrationFault::Away(error::source(error))
    } else {
        MigrationFault::Failed(error::source(error))
    }
}

/// Whether the server went away, or had to end the migration in favour of others: it may succeed
/// later.
fn passes(error: &sqlx::Error) -> bool {
    error::passes(error) || Diagnosis::of(error).again || matches!(error, sqlx::Error::Io(_))
}
