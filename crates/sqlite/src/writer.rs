//! The writing connection: one transaction at a time, which holds the file's write lock from its
//! start, so that nothing changes between its reads and its writes.

use std::{sync::Arc, time::Instant};

use countersign_application::ports::{CommitError, StoreError};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction, pool::PoolConnection};

use crate::{
    error::{commit, store_error, within_since},
    feed::CommitNotifier,
    file::DatabaseFile,
};

/// The writing side of a store. Clones share the connection.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) pool: SqlitePool,
    pub(crate) commits: CommitNotifier,
    pub(crate) file: Arc<DatabaseFile>,
}

impl Writer {
    /// Begins a transaction, once the one before has ended.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.file.check()?;
        let begun = self.pool.begin_with("BEGIN IMMEDIATE").await;
        let transaction = begun.map_err(store_error)?;
        self.file.log_opened();
        Ok(transaction)
    }

    /// The connection, for a single statement.
    pub(crate) async fn acquire(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.file.check()?;
        self.pool.acquire().await.map_err(store_error)
    }

    /// Runs the statements of a call that began at `began` in one transaction, and commits it.
    ///
    /// # Errors
    /// Returns an error of the statements, after which nothing is stored; or one of the commit.
    pub(crate) async fn transact(
        &self,
        began: Instant,
        write: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), CommitError>,
    ) -> Result<(), CommitError> {
        let transaction = within_since(began, async {
            let mut transaction = self.begin().await?;
            write(&mut transaction).await?;
            Ok::<_, CommitError>(transaction)
        })
        .await?;
        let mut outcome = commit(transaction, began).await;
        if outcome.is_ok()
            && let Err(replaced) = self.file.check()
        {
            outcome = Err(CommitError::OutcomeUnknown(Box::new(replaced)));
        }
        if matches!(outcome, Ok(()) | Err(CommitError::OutcomeUnknown(_))) {
            self.commits.notify();
        }
        outcome
    }
}
