//! Opening the store: where the database is, how many connections it may use, and bringing its tables up to date.

use std::{error::Error, fmt, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use countersign_application::{
    QueryPermit, QueryPermits,
    ports::{Connections, StoreError, StoreHealth, StoreTime, TokenCounts},
};
use countersign_domain::Timestamp;
use sqlx::{
    ConnectOptions as _, Row as _,
    postgres::{PgConnectOptions, PgRow},
};
use thiserror::Error;
use tokio::time::timeout;

use crate::{
    batcher::{BatchQuery as _, Batcher},
    client::StatementClient,
    commit::UpdateBatcher,
    credential_batch::CredentialBatch,
    error,
    notify::{FeedMode, NotifyChannel},
    rows::{Micros, Table},
    token_batch::TokenBatch,
};

/// How long a connection of its own is waited for, by what no request does.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);

/// How many connections there are beside those of requests: for the feed, for streams that go on from a place of their
/// own, for notifying, and for each lane of look-ups. A crowd of writers must not keep a node from hearing what was taken
/// back, or from checking.
const ASIDE: u32 = 3 + CredentialBatch::WORKERS;

/// How long a look at the server itself may take.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// How long a question about many tokens waits for its turn.
const TURN: Duration = Duration::from_secs(1);

/// Counts live tokens that expire between two instants: a range of the index for each tenant, and
/// no more rows than `MOST_EXPIRING`, which is written out so that the plan goes by it.
const EXPIRING: &str = "SELECT count(*) FROM (SELECT FROM tenants CROSS JOIN LATERAL ( \
    SELECT FROM api_tokens WHERE tenant_id = tenants.id AND revoked_at IS NULL \
    AND expiry > $1 AND expiry <= $2 ORDER BY expiry LIMIT 10000 \
    ) AS of_tenant LIMIT 10000) AS expiring";

/// The URL leads to no database, ever.
#[derive(Debug, Error)]
#[error("the database URL cannot be used")]
pub struct OpenError(#[source] Box<dyn Error + Send + Sync>);

/// All ports on one PostgreSQL database. Clones share their connections.
///
/// Every call through a port ends within 4.5 s, whatever the server does, and the first one after a failure is over
/// works again. [Migrating](Self::migrate) alone has no limit.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) link: StatementClient,
    /// With connections that no request takes.
    pub(crate) aside: StatementClient,
    /// For verifying histories: one connection, that a reader of long ones takes from nobody.
    pub(crate) audit: StatementClient,
    /// For the sessions of the console: one connection, because what a session may do is a check.
    pub(crate) sessions: StatementClient,
    pub(crate) lookup: Arc<Batcher<CredentialBatch>>,
    pub(crate) records: Arc<Batcher<TokenBatch>>,
    pub(crate) update_batcher: Arc<UpdateBatcher>,
    /// Without it, other nodes find out by themselves.
    pub(crate) wake: Option<Arc<NotifyChannel>>,
    pub(crate) options: PgConnectOptions,
    /// Half of the connections never wait for questions about many tokens, so that no crowd of them keeps a request from
    /// being admitted.
    pub(crate) questions: QueryPermits,
    /// Apart, because the questions of a leaked token must not keep people from finding what it
    /// made.
    pub(crate) lineages: QueryPermits,
}

/// The address holds a password, which the library's own type would show.
impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// A store on the database that the URL names. Nothing is connected yet, so that a service can start while its
    /// database is away.
    ///
    /// Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// Where the URL is none of `postgres://` or `postgresql://`.
    pub fn open(url: &str, max_connections: u32, feed: FeedMode) -> Result<Self, OpenError> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(OpenError("it does not start with postgres://".into()));
        }
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| OpenError(error::source(error)))?
            .application_name("countersign")
            // No number here has a fraction, and a pooler refuses what it does not know.
            .extra_float_digits(None)
            // What fails is told to the caller; what is merely slow shows in the request's own line.
            .disable_statement_logging();
        let link = StatementClient::new(options.clone(), max_connections);
        let aside = link.beside(options.clone(), ASIDE);
        let wake = match feed {
            FeedMode::Notify => Some(Arc::new(NotifyChannel::new(aside.clone(), options.clone()))),
            FeedMode::Poll => None,
        };
        Ok(Self {
            lookup: Arc::new(Batcher::new(&aside)),
            records: Arc::new(Batcher::new(&link)),
            update_batcher: Arc::default(),
            audit: link.beside(options.clone(), 1),
            sessions: link.beside(options.clone(), 1),
            link,
            aside,
            wake,
            options,
            questions: QueryPermits::new(max_connections / 2),
            lineages: QueryPermits::new(max_connections / 8),
        })
    }

    /// Waits for a permit to ask about many tokens, but not for long.
    pub(crate) async fn permit(
        &self,
        permit: impl Future<Output = Option<QueryPermit>>,
    ) -> Result<QueryPermit, StoreError> {
        match timeout(TURN, permit).await {
            Ok(Some(permit)) => Ok(permit),
            Ok(None) => Err(StoreError::Unavailable("no questions are taken".into())),
            Err(elapsed) => Err(StoreError::Unavailable(Box::new(elapsed))),
        }
    }

    /// Has the other nodes told that something changed, or may have.
    pub(crate) fn announce(&self) {
        if let Some(wake) = &self.wake {
            wake.changed();
        }
    }

    /// Ends all connections, once what is under way is done.
    pub async fn close(&self) {
        if let Some(wake) = &self.wake {
            wake.end();
        }
        self.link.pool().close().await;
        self.aside.pool().close().await;
        self.audit.pool().close().await;
        self.sessions.pool().close().await;
        self.lookup.end();
        self.records.end();
    }
}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        // A database without its tables is not ready either, nor is a standby, which answers no check.
        let any = || {
            sqlx::query!(
                r#"SELECT EXISTS (SELECT FROM tenants), pg_is_in_recovery() AS "in_recovery!""#
            )
            .try_map(|row| error::require_primary(row.in_recovery))
        };
        self.link.query(any).await?;
        Ok(())
    }

    async fn token_counts(&self, now: Timestamp) -> Result<TokenCounts, StoreError> {
        let _permit = self.permit(self.questions.acquire_for_service()).await?;
        let counts = self.link.query(|| {
            sqlx::query!(
                r#"
                SELECT count(*) FILTER (WHERE revoked_at IS NULL AND expiry > $1) AS "live!",
                       count(*) FILTER (WHERE revoked_at IS NULL AND expiry <= $1) AS "expired!",
                       count(*) FILTER (WHERE revoked_at IS NOT NULL) AS "revoked!"
                FROM api_tokens
                "#,
                now.to_utc(),
            )
            .map(|row| {
                let [live, expired, revoked] =
                    [row.live, row.expired, row.revoked].map(i64::unsigned_abs);
                TokenCounts {
                    live,
                    expired,
                    revoked,
                }
            })
        });
        Ok(counts.await?.pop().unwrap_or_default())
    }

    async fn expiring(&self, now: Timestamp, until: &[Timestamp]) -> Result<Vec<u64>, StoreError> {
        let mut counts = Vec::with_capacity(until.len());
        let _permit = self.permit(self.questions.acquire_for_service()).await?;
        for until in until {
            let count = self.link.query(|| {
                // Planned for these values each time: a plan for any values would read whole
                // tenants.
                let count = sqlx::query(EXPIRING).persistent(false);
                let bounds = count.bind(now.to_utc()).bind(until.to_utc());
                bounds.try_map(|row: PgRow| row.try_get::<i64, _>(0))
            });
            let count = count.await?.pop().unwrap_or_default();
            counts.push(count.unsigned_abs());
        }
        Ok(counts)
    }

    /// A full disk shows with a change alone: the server looks for room when it needs some.
    async fn try_write(&self, _to_disk: bool) -> Result<bool, StoreError> {
        let none = || sqlx::query("DELETE FROM sessions WHERE false").try_map(|_: PgRow| Ok(()));
        self.aside.query_within(LOOK, none).await?;
        Ok(false)
    }

    async fn time(&self) -> Result<StoreTime, StoreError> {
        let now = self.aside.query_within(LOOK, || {
            sqlx::query!(r#"SELECT clock_timestamp() AS "now!: Micros""#).map(|row| row.now)
        });
        let now = now.await?.pop();
        let now = now.map(|now| Table("pg_catalog").time("clock_timestamp", now));
        Ok(now
            .transpose()?
            .map_or(StoreTime::Newest(None), StoreTime::Clock))
    }

    async fn unsafe_settings(&self) -> Result<Vec<String>, StoreError> {
        let off = self.aside.query_within(LOOK, || {
            sqlx::query!(
                r#"
                SELECT name AS "name!" FROM pg_settings
                WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name
                "#
            )
            .map(|row| row.name)
        });
        Ok(off.await?)
    }

    fn connections(&self) -> Connections {
        let mut all = Connections::default();
        for link in [&self.link, &self.aside, &self.audit, &self.sessions] {
            let some = link.pool().connections();
            all.open += some.open;
            all.idle += some.idle;
            all.limit += some.limit;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use countersign_application::ports::MOST_EXPIRING;

    use super::*;

    #[test]
    fn no_more_is_counted_than_the_port_says() {
        let limit = format!("LIMIT {MOST_EXPIRING}");
        assert_eq!(EXPIRING.matches(&limit).count(), 2);
    }
}
