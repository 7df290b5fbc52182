//! A separate service for each test: the real surface on a real SQLite file, with fixed time and
//! randomness.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use countersign_application::{
    IssuedToken, Tokens, Users,
    ports::Clock,
    testing::{FixedClock, NoopInvalidator, Stores, TestTenant},
};
use countersign_domain::{PermissionCatalog, Policy, UserId};
use countersign_gate::{Gate, Proxies};
use countersign_http::{
    ApiService, ApiServices, ChangeBroadcast, Limits, Metrics, ProxyHeader, Settings, StoreSource,
    Timekeeping, Writability, serve,
};
use countersign_sqlite::SqliteStore;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::Mutex};

use super::{Ask, Reply, Wire, leaks};

/// As the value of a field: the field is left out.
pub(crate) const ABSENT: &str = "(absent)";

/// Where tokens are.
pub(crate) const TOKENS: &str = "/api/v1/api-tokens";

/// A running service with two tenants.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    /// The tenant whose tokens ask.
    pub(crate) home: TestTenant,
    /// A token of it that holds the whole catalog.
    pub(crate) root: IssuedToken,
    /// Another tenant.
    pub(crate) away: TestTenant,
    database: Mutex<SqliteConnection>,
    client: reqwest::Client,
    names: AtomicU32,
    _folder: TempDir,
}

/// The bounds that a deployment has, and room for every test.
pub(crate) fn usual() -> Limits {
    Limits::new(10_000, Duration::from_secs(10))
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_within(usual()).await
    }

    pub(crate) async fn start_within(limits: Limits) -> Self {
        Self::start_with(limits, Proxies::default()).await
    }

    /// A service that believes these proxies.
    pub(crate) async fn start_behind(proxies: &[&str]) -> Self {
        Self::start_behind_writers_of(ProxyHeader::Auto, proxies).await
    }

    /// A service that believes these proxies, and that header of theirs.
    pub(crate) async fn start_behind_writers_of(header: ProxyHeader, proxies: &[&str]) -> Self {
        let trusted = proxies.iter().map(|proxy| proxy.parse().unwrap());
        let proxies = Proxies {
            trusted: trusted.collect(),
            header,
        };
        Self::start_with(usual(), proxies).await
    }

    async fn start_with(limits: Limits, proxies: Proxies) -> Self {
        leaks::listen();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("countersign.db");
        let store = SqliteStore::open(&file).await.unwrap();
        store.migrate().await.unwrap();
        let stores = Stores::of(store);
        let (home, away) = (stores.realm("home").await, stores.realm("away").await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = ApiService::new(services(&stores, proxies), Settings::default());
        tokio::spawn(serve(
            listener,
            router,
            limits,
            std::future::pending::<()>(),
        ));
        let url = format!("sqlite:{}", file.display());
        let root = {
            let mut draft = home.draft("root");
            let all = PermissionCatalog::permissions(&home.policy.catalog);
            draft.permissions = all.iter().map(ToString::to_string).collect();
            draft.expiry = stores.clock.now().plus_months(24);
            home.make_of(&draft).await
        };
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Self {
            address,
            home,
            root,
            away,
            database: Mutex::new(SqliteConnection::connect(&url).await.unwrap()),
            client: client.unwrap(),
            names: AtomicU32::default(),
            _folder: folder,
        }
    }

    pub(crate) fn clock(&self) -> &FixedClock {
        &self.home.stores.clock
    }

    /// A request with the root token.
    pub(crate) fn ask(&self, method: &str, target: impl Into<String>) -> Ask {
        Ask::new(method, target).by(&self.root.secret)
    }

    pub(crate) async fn send(&self, ask: &Ask) -> Reply {
        if ask.verbatim {
            let mut wire = Wire::open(self.address).await;
            wire.write(&ask.bytes()).await;
            return wire.reply().await;
        }
        let url = format!("http://{}{}", self.address, ask.target);
        let mut request = self.client.request(ask.method.parse().unwrap(), url);
        for (name, value) in &ask.headers {
            request = request.header(name, value.as_slice());
        }
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let response = request.send().await.unwrap();
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        });
        Reply {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// A number that is another one after anybody else wrote to the database, whatever it was.
    pub(crate) async fn writes(&self) -> i64 {
        let mut database = self.database.lock().await;
        let version = sqlx::query_scalar("PRAGMA data_version");
        version.fetch_one(&mut *database).await.unwrap()
    }

    /// Reaches past the service.
    pub(crate) async fn execute(&self, sql: &'static str) {
        let mut database = self.database.lock().await;
        sqlx::raw_sql(sql).execute(&mut *database).await.unwrap();
    }

    /// Closes a user and nothing else, as no use case does.
    pub(crate) async fn close_user(&self, user: UserId) {
        let mut database = self.database.lock().await;
        let closed = sqlx::query("UPDATE users SET closed_at = 1 WHERE id = ?")
            .bind(user.as_uuid().as_bytes().as_slice())
            .execute(&mut *database);
        assert_eq!(closed.await.unwrap().rows_affected(), 1);
    }

    /// A name that no other token has.
    pub(crate) fn fresh_name(&self) -> String {
        format!("token {}", self.names.fetch_add(1, Ordering::SeqCst))
    }

    /// A fresh token: good for a year, from anywhere, able to read, write and delete tokens and to read users, tasks.
    pub(crate) async fn token(&self) -> IssuedToken {
        self.home.make(&self.fresh_name()).await
    }

    /// A fresh token with these permissions.
    pub(crate) async fn token_of(&self, permissions: &[&str]) -> IssuedToken {
        let mut draft = self.home.draft(&self.fresh_name());
        draft.permissions = permissions.iter().map(ToString::to_string).collect();
        self.home.make_of(&draft).await
    }

    /// The change of a fresh token: version and name as they are, and these fields besides or instead.
    pub(crate) async fn edit(&self, fields: Value) -> Ask {
        self.edit_of(&self.token().await, fields)
    }

    /// The change of a token that is at version 1.
    pub(crate) fn edit_of(&self, made: &IssuedToken, fields: Value) -> Ask {
        let token = &made.view.token;
        let body = json!({"version": 1, "name": token.name.as_str()});
        self.ask("PUT", path_of(made)).json(&merged(body, fields))
    }

    /// The making of a token of a fresh name, with these fields besides or instead.
    pub(crate) fn creation(&self, fields: Value) -> Ask {
        let body = json!({
            "name": self.fresh_name(),
            "expiry": "2027-06-01T12:00:00Z",
            "permissions": ["api.tasks.read"],
        });
        self.ask("POST", TOKENS).json(&merged(body, fields))
    }
}

/// The path of a token.
pub(crate) fn path_of(made: &IssuedToken) -> String {
    format!("{TOKENS}/{}", made.view.token.id)
}

fn merged(mut body: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else {
        return fields;
    };
    for (name, value) in fields {
        if value == ABSENT {
            body.as_object_mut().unwrap().remove(&name);
        } else {
            body[&name] = value;
        }
    }
    body
}

fn services(stores: &Stores, proxies: Proxies) -> ApiServices {
    let time = stores.clock.clone();
    let clock = || -> std::sync::Arc<dyn Clock> { stores.clock.clone() };
    ApiServices {
        tokens: Tokens::new(
            stores.tokens.clone(),
            clock(),
            stores.entropy.clone(),
            std::sync::Arc::new(NoopInvalidator),
            Policy::default(),
        ),
        users: Users::new(stores.users.clone()),
        gate: Gate::new(
            std::sync::Arc::new(StoreSource::new(stores.tokens.clone())),
            move || time.now(),
        )
        .with_proxies(proxies),
        feed: stores.feed.clone(),
        news: ChangeBroadcast::default(),
        time: Timekeeping::default(),
        writability: Writability::default(),
        metrics: Metrics::default(),
        probe: stores.probe.clone(),
        entropy: stores.entropy.clone(),
        clock: clock(),
    }
}
