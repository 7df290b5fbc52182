//! One statement against a server that may be away, frozen, restarted or read-only: bounded in time, sent again only
//! where that is right, and never on a connection that is known to be bad.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _, PgConnection, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::Map,
};
use tokio::time::timeout;

use crate::{
    error::{Connection, Diagnosis, StatementError},
    pool::Pool,
};

/// How long a call waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(1);
/// How long a statement may take, seen from here.
const STATEMENT: Duration = Duration::from_secs(2);
/// How long a whole call may take, with all that is sent again; the ports allow 5 s.
pub(crate) const CALL: Duration = Duration::from_millis(4500);
/// How long connections to a server that is read-only are left alone.
const REST: Duration = Duration::from_secs(1);
/// How often one statement is sent at most.
pub(crate) const TRIES: u8 = 3;

/// What a statement leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing, because it only reads.
    Read,
    /// What it changes.
    Change,
    /// Nothing, because its transaction is rolled back.
    DryRun,
}

/// The way to the server. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct StatementClient {
    pool: Arc<Pool>,
}

impl StatementClient {
    pub(crate) fn new(options: PgConnectOptions, max_connections: u32) -> Self {
        Self {
            pool: Pool::new(options, max_connections),
        }
    }

    /// Another way to the same server, with connections of its own. What is found out about the server on one holds on
    /// both.
    pub(crate) fn beside(&self, options: PgConnectOptions, max_connections: u32) -> Self {
        Self {
            pool: self.pool.beside(options, max_connections),
        }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// All rows of a question that changes nothing; asked again where the connection broke.
    pub(crate) async fn query<'q, F, T>(
        &self,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, StatementError>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.send(Instant::now(), CALL, query, Effect::Read).await
    }

    /// As [`Self::ask`], for less patient callers.
    pub(crate) async fn query_within<'q, F, T>(
        &self,
        patience: Duration,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, StatementError>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.send(Instant::now(), patience, query, Effect::Read)
            .await
    }

    /// The rows that a change gives; sent again only where it certainly took no effect. The call began then, and the
    /// changes that were told before in the same call count against its time.
    pub(crate) async fn execute<'q, F, T>(
        &self,
        began: Instant,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, StatementError>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.execute_as((began, Effect::Change), query).await
    }

    /// As [`Self::tell`], or with a dry run the rows that the change would give.
    pub(crate) async fn execute_as<'q, F, T>(
        &self,
        (began, effect): (Instant, Effect),
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, StatementError>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.send(began, CALL, query, effect).await
    }

    async fn send<'q, F, T>(
        &self,
        began: Instant,
        patience: Duration,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
        effect: Effect,
    ) -> Result<Vec<T>, StatementError>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        let left = || patience.saturating_sub(began.elapsed());
        let mut tries = 1;
        loop {
            let nothing_sent = |error| StatementError {
                certain: true,
                error,
            };
            let lease = self.pool.lease(ACQUIRE.min(left())).await;
            let mut lease = lease.map_err(nothing_sent)?;
            let connection = lease.connection().map_err(nothing_sent)?;
            let answer = execute(connection, query(), effect);
            let error = match timeout(STATEMENT.min(left()), answer).await {
                Ok(Ok(rows)) => {
                    lease.keep();
                    return Ok(rows);
                }
                Ok(Err(error)) => error,
                Err(_) => sqlx::Error::Io(io::ErrorKind::TimedOut.into()),
            };
            let diagnosis = Diagnosis::of(&error);
            if diagnosis.connection != Connection::Good {
                lease.end();
            }
            let renewed = match diagnosis.connection {
                Connection::Good | Connection::Spent => true,
                Connection::Lost => self.pool.stale_before.mark(Duration::ZERO),
                // A server may stay read-only for hours: that must not cost all connections at each write.
                Connection::ReadOnly => self.pool.stale_before.mark(REST),
            };
            let certain = diagnosis.certain || effect != Effect::Change;
            let again = certain && diagnosis.again && renewed;
            if !again || tries == TRIES || began.elapsed() > STATEMENT {
                return Err(StatementError { certain, error });
            }
            tries += 1;
        }
    }
}

/// Runs a statement by itself; for a dry run in a transaction that ends without a commit, also if
/// the caller goes away.
async fn execute<F, T>(
    connection: &mut PgConnection,
    query: Map<'_, Postgres, F, PgArguments>,
    effect: Effect,
) -> Result<Vec<T>, sqlx::Error>
where
    F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
    T: Send + Unpin,
{
    if effect != Effect::DryRun {
        return query.fetch_all(connection).await;
    }
    let mut transaction = connection.begin().await?;
    let rows = query.fetch_all(&mut *transaction).await;
    transaction.rollback().await?;
    rows
}
