//! The choice of the store behind the ports, made once and known only here.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use countersign_application::ports::{
    AuditStore, ChangeFeed, MigrationFault, SessionStore, StoreHealth, TenantStore, TokenStore,
    UsageStore, UserStore,
};
use countersign_postgres::{FeedMode, PostgresStore};
use countersign_sqlite::SqliteStore;

use crate::settings::{self, DatabaseUrl, Settings};

/// An open store.
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(Box<PostgresStore>),
}

/// The ports of a store.
pub(crate) struct Ports {
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) users: Arc<dyn UserStore>,
    pub(crate) tenants: Arc<dyn TenantStore>,
    pub(crate) audit: Arc<dyn AuditStore>,
    pub(crate) probe: Arc<dyn StoreHealth>,
    pub(crate) feed: Arc<dyn ChangeFeed>,
    pub(crate) usage: Arc<dyn UsageStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
}

impl Database {
    /// Opens the database of the settings; creates an SQLite file if it is missing.
    ///
    /// # Errors
    /// Fails if it cannot be opened. An unreachable PostgreSQL server shows later.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        let feed = match settings.change_feed {
            settings::ChangeFeed::Notify => FeedMode::Notify,
            settings::ChangeFeed::Poll | settings::ChangeFeed::None => FeedMode::Poll,
        };
        let opened = match &settings.database {
            DatabaseUrl::Sqlite(path) => SqliteStore::open(path)
                .await
                .map(Self::Sqlite)
                .map_err(anyhow::Error::from),
            DatabaseUrl::Postgres(url) => {
                PostgresStore::open(url.as_str(), settings.postgres_max_connections, feed)
                    .map(|store| Self::Postgres(Box::new(store)))
                    .map_err(anyhow::Error::from)
            }
        };
        opened.with_context(|| format!("cannot open {}", settings.database))
    }

    /// Opens an existing database, for commands that must not create one after a typo in its name.
    ///
    /// # Errors
    /// Fails if there is no database, or it cannot be opened.
    pub(crate) async fn open_existing(settings: &Settings) -> Result<Self> {
        if let DatabaseUrl::Sqlite(path) = &settings.database {
            ensure!(
                Path::exists(path),
                "there is no {}; name another with --database-url, or make it with `countersign migrate`",
                path.display()
            );
        }
        Self::open(settings).await
    }

    /// Migrates the tables to this version; does nothing if they are up to date.
    ///
    /// # Errors
    /// Fails if the store cannot answer or belongs to a newer program, or if a migration fails.
    pub(crate) async fn migrate(&self) -> Result<(), MigrationFault> {
        match self {
            Self::Sqlite(store) => store.migrate().await,
            Self::Postgres(store) => store.migrate().await,
        }
    }

    /// Whether the tables are of this version; changes nothing.
    ///
    /// # Errors
    /// Fails if the server refuses the connection, or the tables are of a newer version. An
    /// unreachable server shows later.
    pub(crate) async fn is_current(&self) -> Result<bool, MigrationFault> {
        match self {
            Self::Sqlite(store) => store.is_current().await,
            Self::Postgres(store) => store.is_current().await,
        }
    }

    /// Closes all connections, after the last call.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }

    pub(crate) fn ports(&self) -> Ports {
        match self {
            Self::Sqlite(store) => Ports::of(store),
            Self::Postgres(store) => Ports::of(store.as_ref()),
        }
    }
}

impl Ports {
    fn of<S>(store: &S) -> Self
    where
        S: TokenStore
            + UserStore
            + TenantStore
            + AuditStore
            + StoreHealth
            + ChangeFeed
            + UsageStore
            + SessionStore
            + Clone
            + 'static,
    {
        let store = Arc::new(store.clone());
        Self {
            tokens: store.clone(),
            users: store.clone(),
            tenants: store.clone(),
            audit: store.clone(),
            probe: store.clone(),
            feed: store.clone(),
            usage: store.clone(),
            sessions: store,
        }
    }
}
