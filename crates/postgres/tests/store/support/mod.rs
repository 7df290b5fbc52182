//! A database of its own for each test, and the way to it past the store.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test a panic is how a failure is told"
)]

pub(crate) mod batches;
mod proxy;

use std::{env, error::Error, str::FromStr, time::Duration};

use async_trait::async_trait;
use countersign_application::testing::contract::{Backdoor, Bad, Corruption};
use countersign_domain::uuid::Uuid;
use countersign_postgres::{FeedMode, PostgresStore};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    postgres::PgConnectOptions,
};
use tokio::time::Instant;

pub(crate) use proxy::{Mood, Proxy};

/// An empty database, dropped with this.
pub(crate) struct Database {
    server: PgConnectOptions,
    name: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        let url = env::var("COUNTERSIGN_TEST_POSTGRES_URL")
            .expect("no PostgreSQL to test on: run `cargo xtask test`");
        let server = PgConnectOptions::from_str(&url)
            .unwrap()
            .disable_statement_logging();
        let mut connection = server.connect().await.unwrap();
        let name: String =
            sqlx::query_scalar("SELECT 'test_' || replace(gen_random_uuid()::text, '-', '')")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        let made = format!("CREATE DATABASE {name}");
        connection.execute(AssertSqlSafe(made)).await.unwrap();
        Self { server, name }
    }

    /// The database's address; by way of another port where one is given.
    pub(crate) fn url(&self, port: Option<u16>) -> String {
        let url = env::var("COUNTERSIGN_TEST_POSTGRES_URL").unwrap();
        let mut url = url::Url::parse(&url).unwrap();
        url.set_path(&self.name);
        if let Some(port) = port {
            url.set_host(Some("127.0.0.1")).unwrap();
            url.set_port(Some(port)).unwrap();
        }
        url.into()
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.get_port()
    }

    /// A migrated store on it.
    pub(crate) async fn store(&self, connections: u32) -> PostgresStore {
        let store = PostgresStore::open(&self.url(None), connections, FeedMode::Notify).unwrap();
        store.migrate().await.unwrap();
        store
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        let options = self.server.clone().database(&self.name);
        options.connect().await.unwrap()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs a statement on the maintenance database.
    pub(crate) async fn as_superuser(&self, sql: &str) {
        let mut connection = self.server.connect().await.unwrap();
        connection
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap();
    }

    /// Returns once a session waits for another one's lock.
    pub(crate) async fn until_somebody_waits(&self) {
        self.until_waiting(1).await;
    }

    /// Returns once so many sessions wait for locks of others.
    pub(crate) async fn until_waiting(&self, sessions: i64) {
        let mut connection = self.connect().await;
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let start = Instant::now();
        while sqlx::query_scalar::<_, i64>(waiting)
            .fetch_one(&mut connection)
            .await
            .unwrap()
            < sessions
        {
            assert!(start.elapsed() < PATIENCE, "too few wait");
        }
    }

    /// Ends all connections to it but the one that asks; tells how many there were.
    pub(crate) async fn kill_all(&self) -> i64 {
        let mut connection = self.connect().await;
        let killed = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        sqlx::query_scalar(killed)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, drop) = (
            self.server.clone(),
            format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
        // A thread of its own, because the test's runtime may be at its end.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut connection = server.connect().await?;
                connection.execute(AssertSqlSafe(drop)).await?;
                connection.close().await
            })
        });
        // The cluster goes at the end of the tests anyway.
        let _ = dropped.join();
    }
}

#[async_trait]
impl Backdoor for Database {
    async fn execute(&self, sql: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut connection = self.connect().await;
        connection.execute(AssertSqlSafe(sql.to_owned())).await?;
        Ok(())
    }

    fn audit_outage(&self) -> &'static str {
        "ALTER TABLE audit_events ADD CONSTRAINT outage CHECK (false) NOT VALID"
    }

    fn corrupt(&self, what: Corruption) -> &'static str {
        match what {
            Corruption::Version => "UPDATE api_tokens SET version = 0",
            Corruption::Name => "UPDATE api_tokens SET name = '  '",
            Corruption::PartialToken => "UPDATE api_tokens SET partial_token = '{ spoilt'",
            Corruption::Permissions => "UPDATE api_tokens SET permissions = ARRAY['{ spoilt']",
            Corruption::AllowedAddresses => {
                "UPDATE api_tokens SET allowed_addresses = ARRAY['{ spoilt']"
            }
            Corruption::Expiry => "UPDATE api_tokens SET expiry = 'infinity'",
            Corruption::ChainHead => r"UPDATE api_tokens SET chain_head = '\x00'",
            Corruption::Users => "SET session_replication_role = replica; DELETE FROM users",
            Corruption::UserKind => {
                "ALTER TABLE users DROP CONSTRAINT users_kind; UPDATE users SET kind = '{ spoilt'"
            }
            Corruption::EventKind => {
                "ALTER TABLE audit_events DISABLE TRIGGER USER; UPDATE audit_events SET kind = '{ spoilt'"
            }
            Corruption::Changes => {
                "ALTER TABLE audit_events DISABLE TRIGGER USER; UPDATE audit_events SET changes = '{ spoilt'"
            }
            Corruption::EventHash => {
                r"ALTER TABLE audit_events DISABLE TRIGGER USER; UPDATE audit_events SET hash = '\x00'"
            }
            Corruption::EventAddress => {
                "ALTER TABLE audit_events DISABLE TRIGGER USER; UPDATE audit_events SET address = '{ spoilt'"
            }
            Corruption::Fingerprint => r"UPDATE idempotency_keys SET fingerprint = '\x00'",
        }
    }

    fn bad(&self, bad: Bad) -> Option<&'static str> {
        Some(match bad {
            Bad::Text => "'{ spoilt'",
            Bad::Blank => "' '",
            // A text is UTF-8 here, whoever writes it.
            Bad::Bytes => return None,
            Bad::Hash => r"'\x00'",
            Bad::Zero => "0",
            Bad::Time => "'infinity'",
            Bad::List => "ARRAY['{ spoilt']",
            Bad::NoList => "ARRAY[ARRAY[NULL, 'a']]",
            Bad::Pairs => r#"'{"{ spoilt":"x"}'"#,
            Bad::Stranger => "'00000000-0000-7000-8000-000000000000'",
        })
    }

    fn id(&self, id: &Uuid) -> String {
        format!("'{id}'")
    }

    fn overwrite(&self, table: &str, column: &str, value: &str, rows: &str) -> String {
        format!(
            "SET session_replication_role = replica;
             ALTER TABLE users DROP CONSTRAINT IF EXISTS users_kind;
             UPDATE {table} SET {column} = {value} WHERE {rows}"
        )
    }
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Whether something comes true before patience ends.
pub(crate) async fn soon(mut attempt: impl AsyncFnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if attempt().await {
            return true;
        }
        if start.elapsed() > PATIENCE {
            return false;
        }
        tokio::task::yield_now().await;
    }
}

/// How long a call took, with what it gave.
pub(crate) async fn timed<T>(call: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let outcome = call.await;
    (outcome, start.elapsed())
}
