//! One statement against a server that may be away, frozen, restarted or read-only: bounded in time, sent again only
//! where that is right, and never on a connection that is known to be bad.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use countersign_application::ports::Connections;
use sqlx::{
    Connection as _, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Map,
};
use tokio::time::timeout;

use crate::fault::{Connection, Diagnosis, Lost};

/// How long a call waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(1);
/// How long a statement may take, seen from here.
const STATEMENT: Duration = Duration::from_secs(2);
/// How long a whole call may take, with all that is sent again; the ports allow 5 s.
const CALL: Duration = Duration::from_millis(4500);
/// A connection that was idle for longer is tried before it is used.
const IDLE: Duration = Duration::from_secs(1);
/// How long a trivial answer may take.
const PING: Duration = Duration::from_millis(300);
/// How long connections to a server that is read-only are left alone.
const REST: Duration = Duration::from_secs(1);
/// How often one statement is sent at most.
pub(crate) const TRIES: u8 = 3;

/// The server's own limit, below [`STATEMENT`]; see the crate's documentation.
const SETTINGS: &str = "SET statement_timeout = 1800";

/// When a connection was last found to lead to a server that is gone. Those that are older lead there as well; to try
/// each of them would cost as many failed requests.
#[derive(Debug, Default)]
struct Doubt(Mutex<Option<Instant>>);

impl Doubt {
    /// Doubts all connections of now, unless that was done within this time; tells whether it was not.
    fn cast(&self, rest: Duration) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = since.is_none_or(|since| since.elapsed() >= rest);
        if due {
            *since = Some(Instant::now());
        }
        due
    }

    fn covers(&self, age: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| age > since.elapsed())
    }
}

/// A pool of connections, opened as they are needed.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pool: PgPool,
    doubt: Arc<Doubt>,
}

impl Link {
    pub(crate) fn new(options: PgConnectOptions, max_connections: u32) -> Self {
        let doubt = Arc::new(Doubt::default());
        let judge = Arc::clone(&doubt);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::query(SETTINGS).execute(connection).await.map(drop) })
            })
            .before_acquire(move |connection, meta| {
                let doubt = Arc::clone(&judge);
                Box::pin(async move {
                    if doubt.covers(meta.age) {
                        return Ok(false);
                    }
                    if meta.idle_for > IDLE
                        && let Err(error) = answers(connection).await
                    {
                        doubt.cast(Duration::ZERO);
                        return Err(error);
                    }
                    Ok(true)
                })
            })
            // The library tries a connection that comes back, and waits for as long as that takes: on a frozen server
            // the pool would run dry. One that does not answer in time is closed.
            .after_release(|connection, _| {
                Box::pin(async move { answers(connection).await.map(|()| true) })
            })
            .connect_lazy_with(options);
        Self { pool, doubt }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) fn connections(&self) -> Connections {
        let options = self.pool.options();
        Connections {
            open: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
            limit: options.get_max_connections(),
        }
    }

    /// All rows of a question that changes nothing; asked again where the connection broke.
    pub(crate) async fn ask<'q, F, T>(
        &self,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, Lost>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.send(Instant::now(), CALL, query, true).await
    }

    /// As [`Self::ask`], for less patient callers.
    pub(crate) async fn ask_within<'q, F, T>(
        &self,
        patience: Duration,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, Lost>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.send(Instant::now(), patience, query, true).await
    }

    /// The rows that a change gives; sent again only where it certainly took no effect. The call began then, and the
    /// changes that were told before in the same call count against its time.
    pub(crate) async fn tell<'q, F, T>(
        &self,
        began: Instant,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
    ) -> Result<Vec<T>, Lost>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        self.send(began, CALL, query, false).await
    }

    async fn send<'q, F, T>(
        &self,
        began: Instant,
        patience: Duration,
        query: impl Fn() -> Map<'q, Postgres, F, PgArguments>,
        harmless: bool,
    ) -> Result<Vec<T>, Lost>
    where
        F: FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
        T: Send + Unpin,
    {
        let left = || patience.saturating_sub(began.elapsed());
        let mut tries = 1;
        loop {
            let mut connection = self.connection(left()).await?;
            let answer = query().fetch_all(&mut *connection);
            let error = match timeout(STATEMENT.min(left()), answer).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) => error,
                Err(_) => sqlx::Error::Io(io::ErrorKind::TimedOut.into()),
            };
            let diagnosis = Diagnosis::of(&error);
            if diagnosis.connection != Connection::Good {
                connection.close_on_drop();
            }
            let renewed = match diagnosis.connection {
                Connection::Good | Connection::Spent => true,
                Connection::Lost => self.doubt.cast(Duration::ZERO),
                // A server may stay read-only for hours: that must not cost all connections at each write.
                Connection::ReadOnly => self.doubt.cast(REST),
            };
            let certain = diagnosis.certain || harmless;
            let again = certain && diagnosis.again && renewed;
            if !again || tries == TRIES || began.elapsed() > STATEMENT {
                return Err(Lost { certain, error });
            }
            tries += 1;
        }
    }

    async fn connection(&self, left: Duration) -> Result<PoolConnection<Postgres>, Lost> {
        let connection = timeout(left, self.pool.acquire()).await;
        connection
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(|error| Lost {
                certain: true,
                error,
            })
    }
}

async fn answers(connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    timeout(PING, connection.ping())
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())))
}
