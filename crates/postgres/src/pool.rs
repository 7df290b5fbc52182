//! Pool of connections. The library's own pool pings the server each time that a connection is
//! returned, which costs as much as a look-up; this one pings only connections whose call did not
//! end well, or was abandoned.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_application::ports::Connections;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

use crate::{
    error::passes,
    last_failure::{LastFailure, no_answer},
    stale_before::StaleBefore,
};

/// The idle time after which a connection is tested before its use.
const IDLE: Duration = Duration::from_secs(1);
/// The idle time after which a connection is closed.
const NEEDLESS: Duration = Duration::from_mins(10);
/// The age at which a connection is replaced, which bounds the server's memory for it.
const OLD: Duration = Duration::from_mins(30);
/// The time-out of a ping, and of closing.
const PING: Duration = Duration::from_millis(300);
/// The first and the longest delay before another try to connect.
const AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));

/// The server's own time-out, below that on this side, and the isolation that changes need.
const SETTINGS: &str = "SELECT set_config('statement_timeout', '1800', false), \
                        set_config('default_transaction_isolation', 'read committed', false)";

/// Connections, which are opened as they are needed.
pub(crate) struct Pool {
    options: PgConnectOptions,
    limit: u32,
    permits: Arc<Semaphore>,
    /// The most recently used one is at the end, and used next.
    idle: Mutex<Vec<Session>>,
    open: Arc<AtomicU32>,
    failure: LastFailure,
    pub(crate) stale_before: Arc<StaleBefore>,
}

struct Session {
    connection: PgConnection,
    made: Instant,
    since: Instant,
    _open: Counted,
}

/// Counts one open connection.
struct Counted(Arc<AtomicU32>);

impl Counted {
    fn one_of(all: &Arc<AtomicU32>) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(all))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection in use. Unless it is [kept](Self::keep), it is tested before its next use.
pub(crate) struct Lease {
    session: Option<Session>,
    permit: Option<OwnedSemaphorePermit>,
    pool: Arc<Pool>,
}

/// The options hold a password, which the library's own type would show.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.connections(), f)
    }
}

impl Pool {
    pub(crate) fn new(options: PgConnectOptions, limit: u32) -> Arc<Self> {
        Self::doubting(Arc::default(), options, limit)
    }

    /// Another pool, which shares the marks of stale connections with this one.
    pub(crate) fn beside(&self, options: PgConnectOptions, limit: u32) -> Arc<Self> {
        Self::doubting(Arc::clone(&self.stale_before), options, limit)
    }

    fn doubting(
        stale_before: Arc<StaleBefore>,
        options: PgConnectOptions,
        limit: u32,
    ) -> Arc<Self> {
        Arc::new(Self {
            options,
            limit,
            permits: Arc::new(Semaphore::new(limit as usize)),
            idle: Mutex::default(),
            open: Arc::default(),
            failure: LastFailure::default(),
            stale_before,
        })
    }

    /// A connection that seems well, within that time.
    pub(crate) async fn lease(self: &Arc<Self>, patience: Duration) -> Result<Lease, sqlx::Error> {
        let mut why = sqlx::Error::PoolTimedOut;
        let leased = timeout(patience, self.take(&mut why)).await;
        leased.unwrap_or_else(|_| Err(self.failure.reason(why)))
    }

    /// `why` keeps the last error, because the waiting caller may give up.
    async fn take(self: &Arc<Self>, why: &mut sqlx::Error) -> Result<Lease, sqlx::Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let mut lease = Lease {
            session: None,
            permit: Some(permit.map_err(|_| sqlx::Error::PoolClosed)?),
            pool: Arc::clone(self),
        };
        while let Some(session) = self.pop() {
            let asked = session.since.elapsed() > IDLE;
            let session = lease.session.insert(session);
            if !asked {
                return Ok(lease);
            }
            if in_time(session.connection.ping()).await.is_ok() {
                return Ok(lease);
            }
            self.stale_before.mark(Duration::ZERO);
            lease.session = None;
        }
        lease.session = Some(self.connect(why).await?);
        Ok(lease)
    }

    fn pop(&self) -> Option<Session> {
        loop {
            let session = self.idle().pop()?;
            if session.is_good(&self.stale_before) {
                return Some(session);
            }
            close(session.connection, None);
        }
    }

    /// Opens a connection. A server that is about to start accepts no connections yet, and one that
    /// ends cuts those that are just being made. No statement was sent yet, so another try is
    /// always right.
    async fn connect(&self, why: &mut sqlx::Error) -> Result<Session, sqlx::Error> {
        let (mut pause, longest) = AGAIN;
        *why = no_answer();
        loop {
            let made = Instant::now();
            match open(&self.options).await {
                Ok(connection) => {
                    self.failure.clear();
                    return Ok(Session {
                        connection,
                        made,
                        since: made,
                        _open: Counted::one_of(&self.open),
                    });
                }
                Err(error) => {
                    self.failure.note(&error);
                    if !passes(&error) {
                        return Err(error);
                    }
                    *why = error;
                }
            }
            sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    }

    fn put(&self, mut session: Session) {
        if !session.is_good(&self.stale_before) {
            return close(session.connection, None);
        }
        session.since = Instant::now();
        let mut idle = self.idle();
        idle.push(session);
        let needless = idle
            .first()
            .is_some_and(|oldest| oldest.since.elapsed() > NEEDLESS);
        let needless = needless.then(|| idle.remove(0));
        drop(idle);
        if let Some(session) = needless {
            close(session.connection, None);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connections(&self) -> Connections {
        Connections {
            open: self.open.load(Ordering::Relaxed),
            idle: u32::try_from(self.idle().len()).unwrap_or(u32::MAX),
            limit: self.limit,
        }
    }

    /// Stops handing out connections, and returns once all are closed.
    pub(crate) async fn close(&self) {
        let all = self.permits.acquire_many(self.limit).await;
        self.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        for session in idle {
            drop(in_time(session.connection.close()).await);
        }
    }
}

impl Session {
    fn is_good(&self, stale_before: &StaleBefore) -> bool {
        let age = self.made.elapsed();
        age < OLD && !stale_before.invalidates(age)
    }
}

impl Lease {
    /// The connection, for one statement.
    pub(crate) fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let session = self.session.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        Ok(&mut session.connection)
    }

    /// Returns the connection: the statement has ended, and its whole answer was read.
    pub(crate) fn keep(mut self) {
        if let Some(session) = self.session.take() {
            self.pool.put(session);
        }
    }

    /// Closes the connection, which is not usable any more.
    pub(crate) fn end(mut self) {
        if let Some(session) = self.session.take() {
            close(session.connection, self.permit.take());
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (session, permit) = (self.session.take(), self.permit.take());
        // Without a runtime the connection just ends.
        let (Some(mut session), Ok(runtime)) = (session, Handle::try_current()) else {
            return;
        };
        let pool = Arc::clone(&self.pool);
        runtime.spawn(async move {
            if in_time(session.connection.ping()).await.is_ok() {
                pool.put(session);
            }
            drop(permit);
        });
    }
}

/// Closes the connection in the background; the permit is returned afterwards.
fn close(connection: PgConnection, permit: Option<OwnedSemaphorePermit>) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(async move {
            drop(in_time(connection.close()).await);
            drop(permit);
        });
    }
}

async fn open(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    sqlx::query(SETTINGS).execute(&mut connection).await?;
    Ok(connection)
}

async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(PING, answer)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())))
}
