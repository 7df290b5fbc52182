//! The file, its connections, and the time-outs for each.

use std::{
    error,
    fs::OpenOptions,
    io,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use countersign_application::{
    QueryPermits,
    ports::{Connections, MOST_EXPIRING, StoreError, StoreHealth, StoreTime, TokenCounts},
};
use countersign_domain::Timestamp;
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;

use crate::{
    commit::GroupCommit,
    error::{DEADLINE, is_busy, store_error, within},
    feed::CommitNotifier,
    file::DatabaseFile,
    log_space::fill_log,
    rows::Column,
    writer::Writer,
};

/// The time for which a read waits for a connection.
pub(crate) const ACQUIRE: Duration = Duration::from_secs(1);
/// The time for which a write waits for its turn: many may queue, and each needs only a moment.
const LINE: Duration = Duration::from_millis(2500);
/// The time for which a connection waits for another process's lock.
const BUSY: Duration = Duration::from_secs(2);
/// The pause between two tries to switch a new file to its log, for which no lock can be awaited.
const PAUSE: Duration = Duration::from_millis(20);
/// More readers than processors only wait for each other.
const MOST_READERS: usize = 8;
/// The number of queries over many tokens at a time.
const QUESTIONS: u32 = 2;
/// The number of lists, or pages of events, at a time, beside one search for descendants.
const PAGES: u32 = 4;
/// The number of SQLite's steps, some microseconds each at most, between two looks at the time.
const STEPS: i32 = 1000;

/// The file cannot be used as it is.
#[derive(Debug, Error)]
#[error("the database file cannot be opened")]
pub struct OpenError(#[source] Box<dyn error::Error + Send + Sync>);

/// A database file with all ports of Countersign. Clones share its connections.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(crate) writer: Writer,
    pub(crate) group: GroupCommit,
    pub(crate) readers: SqlitePool,
    /// Separate from the readers, so that no query over many tokens delays an admission.
    pub(crate) questions: SqlitePool,
    pub(crate) permits: QueryPermits,
    /// Separate, so that a leaked token's queries cannot hide its descendants from people.
    pub(crate) lineages: QueryPermits,
    /// For lists and events, so that no check waits for them.
    pub(crate) pages: SqlitePool,
    pub(crate) page_permits: QueryPermits,
    /// For the verification of histories.
    pub(crate) audit: SqlitePool,
}

impl SqliteStore {
    /// Opens a database file; creates an empty one, readable only by its owner, if there is none.
    ///
    /// # Errors
    /// Fails if the file cannot be created, opened, or written.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        create(path).map_err(|error| OpenError(Box::new(error)))?;
        let file = DatabaseFile::opened(path).ok_or_else(|| OpenError("it is gone".into()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            // Callers get errors; slow statements show in the request's own log line.
            .disable_statement_logging();
        let writer = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let reader = options.pragma("query_only", "ON");
        let readers = thread::available_parallelism().map_or(2, usize::from);
        let readers = u32::try_from(readers.clamp(2, MOST_READERS)).unwrap_or(2);
        let writer = Writer {
            pool: pool(1, LINE).connect_lazy_with(writer),
            commits: CommitNotifier::default(),
            file: Arc::new(file),
        };
        let store = Self {
            group: GroupCommit::new(writer.clone()),
            writer,
            permits: QueryPermits::new(QUESTIONS),
            lineages: QueryPermits::new(1),
            questions: ending(QUESTIONS).connect_lazy_with(reader.clone()),
            pages: ending(PAGES + 1).connect_lazy_with(reader.clone()),
            page_permits: QueryPermits::new(PAGES),
            audit: ending(1).connect_lazy_with(reader.clone()),
            readers: pool(readers, ACQUIRE).connect_lazy_with(reader),
        };
        // A reader stays open from now on: SQLite removes the log with the last connection, and then
        // the log would be another one than this process knows.
        let log = within(async {
            store.switch_to_log().await.map_err(store_error)?;
            // A connection opens the log only when it reads.
            let read = sqlx::query("SELECT count(*) FROM sqlite_schema");
            read.execute(&store.readers)
                .await
                .map(drop)
                .map_err(store_error)
        });
        log.await.map_err(|error| OpenError(Box::new(error)))?;
        Ok(store)
    }

    async fn switch_to_log(&self) -> Result<(), sqlx::Error> {
        loop {
            match self.writer.pool.acquire().await {
                Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
                outcome => return outcome.map(drop),
            }
        }
    }

    /// Closes all connections after the running calls; the last one leaves no log.
    pub async fn close(&self) {
        self.questions.close().await;
        self.pages.close().await;
        self.audit.close().await;
        self.readers.close().await;
        self.writer.pool.close().await;
    }
}

#[async_trait]
impl StoreHealth for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.file.check()?;
        within(async {
            // A database without its tables is not ready either.
            sqlx::query_scalar!("SELECT EXISTS (SELECT 1 FROM tenants)")
                .fetch_one(&self.readers)
                .await
                .map_err(store_error)
        })
        .await
        .map(drop)
    }

    async fn token_counts(&self, now: Timestamp) -> Result<TokenCounts, StoreError> {
        let now = now.as_micros();
        // Counted in two indexes, without reading a row.
        let counts = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM api_tokens) AS "known!: i64",
            count(*) AS "unrevoked!: i64", count(*) FILTER (WHERE expiry > ?) AS "live!: i64"
            FROM api_tokens INDEXED BY api_tokens_live_expiry WHERE revoked_at IS NULL"#,
            now
        );
        let _permit = self.permit(self.permits.acquire_for_service()).await?;
        let counts = within(async { counts.fetch_one(&self.questions).await.map_err(store_error) });
        let counts = counts.await?;
        Ok(TokenCounts {
            live: counts.live.unsigned_abs(),
            expired: (counts.unrevoked - counts.live).unsigned_abs(),
            revoked: (counts.known - counts.unrevoked).unsigned_abs(),
        })
    }

    async fn expiring(&self, now: Timestamp, until: &[Timestamp]) -> Result<Vec<u64>, StoreError> {
        let now = now.as_micros();
        let mut counts = Vec::with_capacity(until.len());
        let _permit = self.permit(self.permits.acquire_for_service()).await?;
        for until in until {
            let until = until.as_micros();
            // A range of the index for each tenant, and no more rows than are counted.
            let count = sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!: i64" FROM (
                SELECT 1 FROM tenants CROSS JOIN api_tokens INDEXED BY api_tokens_live_expiry
                WHERE tenant_id = tenants.id AND revoked_at IS NULL AND expiry > ? AND expiry <= ?
                LIMIT ?)"#,
                now,
                until,
                MOST_EXPIRING
            );
            let count =
                within(async { count.fetch_one(&self.questions).await.map_err(store_error) });
            counts.push(count.await?.unsigned_abs());
        }
        Ok(counts)
    }

    /// The newest row, not the latest instant: a change counts even if it was made after a wrong
    /// clock was set right.
    async fn time(&self) -> Result<StoreTime, StoreError> {
        let newest = sqlx::query_scalar!("SELECT at FROM audit_events ORDER BY rowid DESC LIMIT 1");
        let newest = within(async {
            newest
                .fetch_optional(&self.readers)
                .await
                .map_err(store_error)
        });
        let at = Column("audit_events", "at");
        let newest = newest.await?.map(|micros| at.time(micros)).transpose()?;
        Ok(StoreTime::Newest(newest))
    }

    async fn try_write(&self, to_disk: bool) -> Result<bool, StoreError> {
        within(async {
            let mut transaction = self.writer.begin().await?;
            if to_disk {
                fill_log(&mut transaction).await.map_err(store_error)?;
            }
            transaction.rollback().await.map_err(store_error)
        })
        .await?;
        Ok(to_disk)
    }

    /// Each connection sets its own.
    async fn unsafe_settings(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn connections(&self) -> Connections {
        let mut all = Connections::default();
        for pool in [
            &self.writer.pool,
            &self.readers,
            &self.questions,
            &self.pages,
            &self.audit,
        ] {
            let open = pool.size();
            all.open += open;
            // The two are counted one after the other.
            all.idle += u32::try_from(pool.num_idle()).map_or(open, |idle| idle.min(open));
            all.limit += pool.options().get_max_connections();
        }
        all
    }
}

fn pool(connections: u32, patience: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection, _| {
            // A full disk ends a transaction behind the driver, which then counts wrong for ever.
            Box::pin(async move { Ok(!connection.is_in_transaction()) })
        })
}

/// Options of connections whose statements end by themselves when nobody waits for them: dropping a
/// future does not stop the library's thread.
fn ending(connections: u32) -> SqlitePoolOptions {
    pool(connections, ACQUIRE)
        .after_connect(|connection, _| Box::pin(end_in_time(connection)))
        .before_acquire(|connection, _| {
            Box::pin(async move { end_in_time(connection).await.map(|()| true) })
        })
}

async fn end_in_time(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let end = Instant::now() + DEADLINE;
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(STEPS, move || Instant::now() < end);
    Ok(())
}

/// The log beside the file gets the file's own mode from SQLite.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.map(drop),
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
pub(crate) mod tests;
#[cfg(test)]
#[path = "upgrade_tests.rs"]
mod upgrade_tests;
