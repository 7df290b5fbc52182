//! Client for single statements against a server that may be unreachable, frozen, restarted or
//! read-only: each is bounded in time, sent again only if that is right, and never sent on a
//! connection that is known to be bad.

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

/// The time for which a call waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(1);
/// The time-out of a statement on the client's side.
const STATEMENT: Duration = Duration::from_secs(2);
/// The deadline of a whole call, with all that is sent again; the ports allow 5 s.
pub(crate) const CALL: Duration = Duration::from_millis(4500);
/// The period for which connections to a read-only server are kept.
const REST: Duration = Duration::from_secs(1);
/// The maximum number of times that one statement is sent.
pub(crate) const TRIES: u8 = 3;

/// The time-out of a statement that may read very many rows.
const LONG: Duration = Duration::from_secs(20);
/// The same on the server's side, for one transaction.
const LONG_SETTING: &str = "SET LOCAL statement_timeout = '19800ms'";

/// The effect of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// None, because it only reads.
    Read,
    /// None, because it only reads; it may take [`LONG`].
    LongRead,
    /// Its changes.
    Change,
    /// None, because its transaction is rolled back.
    DryRun,
}

/// The client of a server. Clones share their connections.
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

    /// Another client of the same server, with connections of its own. Both share what is found out
    /// about the server.
    pub(crate) fn beside(&self, options: PgConnectOptions, max_connections: u32) -> Self {
        Self {
            pool: self.pool.beside(options, max_connections),
        }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns all rows of a query that changes nothing; it is sent again if the connection broke.
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

    /// As [`Self::query`], with a shorter deadline.
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

    /// As [`Self::query`], for a query that may read very many rows and take [`LONG`].
    pub(crate) async fn query_long<'q, F, T>(
        &self,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, StatementError>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.send(Instant::now(), LONG, query, Effect::LongRead)
            .await
    }

    /// Returns the rows of a change; it is sent again only if it certainly took no effect. The call
    /// began at `began`, and earlier changes of the same call count against its time.
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

    /// As [`Self::execute`], or with a dry run the rows that the change would return.
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
        let bound = match effect {
            Effect::LongRead => LONG,
            Effect::Read | Effect::Change | Effect::DryRun => STATEMENT,
        };
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
            let error = match timeout(bound.min(left()), answer).await {
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
                // A server may stay read-only for hours, and a write must not cost all connections
                // each time.
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

/// Runs a statement; a dry run and a long one in a transaction that ends without a commit, even if
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
    if matches!(effect, Effect::Read | Effect::Change) {
        return query.fetch_all(connection).await;
    }
    let mut transaction = connection.begin().await?;
    if effect == Effect::LongRead {
        sqlx::raw_sql(LONG_SETTING)
            .execute(&mut *transaction)
            .await?;
    }
    let rows = query.fetch_all(&mut *transaction).await;
    transaction.rollback().await?;
    rows
}
