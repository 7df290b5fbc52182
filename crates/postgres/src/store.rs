//! Opening of the store: the address of the database, the number of connections, and the settings
//! of each.

use std::{error::Error, fmt, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use countersign_application::{
    QueryPermit, QueryPermits,
    ports::{Connections, StoreError, StoreHealth, StoreTime, TokenCounts},
    query::Filter,
};
use countersign_domain::{TenantId, Timestamp};
use sqlx::{
    ConnectOptions as _, Row as _,
    postgres::{PgConnectOptions, PgRow},
};
use thiserror::Error;
use tokio::time::timeout;

use crate::{
    batcher::{BatchQuery as _, Batcher},
    client::StatementClient,
    commit::ChangeBatcher,
    credential_batch::CredentialBatch,
    error,
    notify::{FeedMode, NotifyChannel},
    rows::{Micros, Table},
    search_index::SearchIndexCleaner,
    session_batch::SessionBatch,
    token_batch::TokenBatch,
};

/// The time-out of a separate connection, for work that no request does.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);

/// The number of connections beside those of requests: for the feed, for resuming streams, for
/// notifying, for the indexes of the search, and for each worker of look-ups. Many writers must not
/// keep a node from learning of revocations, or from checking.
const ASIDE: u32 = 4 + CredentialBatch::WORKERS;

/// The time-out of a query about the server itself.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// The time for which a query over many tokens waits for its turn.
const TURN: Duration = Duration::from_secs(1);

/// Counts live tokens that expire between two instants: a range of the index for each tenant, and
/// no more rows than `MOST_EXPIRING`, which is a literal so that the plan takes it into account.
const EXPIRING: &str = "SELECT count(*) FROM (SELECT FROM tenants CROSS JOIN LATERAL ( \
    SELECT FROM api_tokens WHERE tenant_id = tenants.id AND revoked_at IS NULL \
    AND expiry > $1 AND expiry <= $2 ORDER BY expiry LIMIT 10000 \
    ) AS of_tenant LIMIT 10000) AS expiring";

/// The URL can never lead to a database.
#[derive(Debug, Error)]
#[error("the database URL cannot be used")]
pub struct OpenError(#[source] Box<dyn Error + Send + Sync>);

/// All ports on one PostgreSQL database. Clones share their connections.
///
/// Every call through a port ends within 4.5 s, whatever the server does, and the first one after a
/// failure is over works again. Only [migrating](Self::migrate) has no limit.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) link: StatementClient,
    /// Connections that no request takes.
    pub(crate) aside: StatementClient,
    /// For the verification of histories: one connection, so that long ones delay no other call.
    pub(crate) audit: StatementClient,
    /// For the sessions of the console: one connection, because a session's request is a check.
    pub(crate) sessions: StatementClient,
    pub(crate) session_lookup: Arc<Batcher<SessionBatch>>,
    pub(crate) lookup: Arc<Batcher<CredentialBatch>>,
    pub(crate) records: Arc<Batcher<TokenBatch>>,
    pub(crate) change_batcher: Arc<ChangeBatcher>,
    pub(crate) search_index: Arc<SearchIndexCleaner>,
    /// Without it, other nodes find out by polling.
    pub(crate) wake: Option<Arc<NotifyChannel>>,
    pub(crate) options: PgConnectOptions,
    /// Half of the connections are never used for queries over many tokens, so that these never
    /// keep a request from being admitted.
    pub(crate) questions: QueryPermits,
    /// Separate, because the queries of a leaked token must not keep people from finding its
    /// descendants.
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
    /// Creates a store for the database of the URL. It does not connect yet, so that a service can
    /// start while its database is away.
    ///
    /// It needs a Tokio runtime.
    ///
    /// # Errors
    /// Fails if the URL does not begin with `postgres://` or `postgresql://`.
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
            // No number here has a fraction, and a pooler refuses parameters that it does not know.
            .extra_float_digits(None)
            // Callers get errors; slow statements show in the request's own log line.
            .disable_statement_logging();
        let link = StatementClient::new(options.clone(), max_connections);
        let aside = link.beside(options.clone(), ASIDE);
        let sessions = link.beside(options.clone(), 1);
        let wake = match feed {
            FeedMode::Notify => Some(Arc::new(NotifyChannel::new(aside.clone(), options.clone()))),
            FeedMode::Poll => None,
        };
        Ok(Self {
            lookup: Arc::new(Batcher::new(&aside)),
            records: Arc::new(Batcher::new(&link)),
            change_batcher: Arc::default(),
            audit: link.beside(options.clone(), 1),
            session_lookup: Arc::new(Batcher::new(&sessions)),
            sessions,
            search_index: Arc::new(SearchIndexCleaner::new(aside.clone())),
            link,
            aside,
            wake,
            options,
            questions: QueryPermits::new(max_connections / 2),
            lineages: QueryPermits::new(max_connections / 8),
        })
    }

    /// Waits for a permit for a query over many tokens, but not for long.
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

    /// Waits for a permit for a query that takes longer than the look-up of one record.
    pub(crate) async fn question_permit(
        &self,
        tenant: TenantId,
    ) -> Result<QueryPermit, StoreError> {
        let every = Filter::All(Vec::new());
        self.permit(self.questions.acquire(tenant, &every)).await
    }

    /// Announces to the other nodes that something changed, or may have.
    pub(crate) fn announce(&self) {
        if let Some(wake) = &self.wake {
            wake.changed();
        }
    }

    /// Closes all connections, once the running calls are done.
    pub async fn close(&self) {
        if let Some(wake) = &self.wake {
            wake.end();
        }
        self.search_index.end();
        self.link.pool().close().await;
        self.aside.pool().close().await;
        self.audit.pool().close().await;
        self.sessions.pool().close().await;
        self.lookup.end();
        self.session_lookup.end();
        self.records.end();
    }
}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        // A database without its tables is not ready either, nor is a standby, which answers no
        // check.
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
                // Planned for these values each time: a generic plan would read whole tenants.
                let count = sqlx::query(EXPIRING).persistent(false);
                let bounds = count.bind(now.to_utc()).bind(until.to_utc());
                bounds.try_map(|row: PgRow| row.try_get::<i64, _>(0))
            });
            let count = count.await?.pop().unwrap_or_default();
            counts.push(count.unsigned_abs());
        }
        Ok(counts)
    }

    /// Only a change shows a full disk: the server looks for room when it needs some.
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
