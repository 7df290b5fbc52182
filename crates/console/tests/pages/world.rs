//! A separate service for each test: the surface with its pages over a fresh SQLite file, and a
//! clock that stands still.

use std::{net::SocketAddr, sync::Arc};

use countersign_application::{
    Audit, IssuedToken, SessionLimits, Sessions, Tokens, Users,
    ports::TokenStore,
    testing::{NoopInvalidator, Stores, TestTenant},
};
use countersign_domain::{Policy, TokenView, standard};
use countersign_gate::Gate;
use countersign_http::{
    ApiService, ApiServices, ChangeBroadcast, ClockGuard, Metrics, Settings, StoreSource,
    Timekeeping, Writability,
};
use countersign_sqlite::SqliteStore;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;

use super::browser::Browser;

pub(crate) struct World {
    pub(crate) surface: ApiService,
    pub(crate) stores: Stores,
    /// Whether its clock is believed.
    pub(crate) time: Timekeeping,
    pub(crate) home: TestTenant,
    /// Holds the whole catalog.
    pub(crate) root: IssuedToken,
    folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let store = SqliteStore::open(&file).await.unwrap();
        store.migrate().await.unwrap();
        let stores = Stores::of(store);
        let home = stores.realm("home").await;
        let mut draft = home.draft("Root");
        draft.permissions = standard::ALL.iter().map(ToString::to_string).collect();
        let root = home.make_of(&draft).await;
        let time = Timekeeping::default();
        Self {
            surface: surface(&stores, stores.tokens.clone(), &time),
            time,
            stores,
            home,
            root,
            folder,
        }
    }

    /// A token with these permissions.
    pub(crate) async fn token(&self, name: &str, permissions: &[&str]) -> IssuedToken {
        let mut draft = self.home.draft(name);
        draft.permissions = permissions.iter().map(ToString::to_string).collect();
        self.home.make_of(&draft).await
    }

    /// A token that changes others, and holds little besides.
    pub(crate) async fn writer(&self) -> IssuedToken {
        let permissions = [
            "api.api-tokens.read",
            "api.api-tokens.write",
            "api.tasks.read",
        ];
        self.token("writer", &permissions).await
    }

    /// Where a form of a token is, and root's browser that looks at it.
    pub(crate) async fn form(&self, made: &IssuedToken, name: &str) -> (String, Browser) {
        let target = format!("/console/tokens/{}/{name}", made.view.token.id);
        let mut browser = self.signed_in(&self.root).await;
        browser.get(&target).await;
        (target, browser)
    }

    /// A browser that nobody has signed in with.
    pub(crate) fn browser(&self) -> Browser {
        self.browser_at("192.0.2.1")
    }

    /// The same somewhere else.
    pub(crate) fn browser_at(&self, address: &str) -> Browser {
        let peer = SocketAddr::new(address.parse().unwrap(), 40000);
        Browser::new(self.surface.clone(), peer)
    }

    /// A browser that the token's holder has signed in with.
    pub(crate) async fn signed_in(&self, made: &IssuedToken) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(made.secret.expose()).await;
        browser
    }

    /// How often the token was changed.
    pub(crate) async fn events(&self, view: &TokenView) -> usize {
        let (tenant, id) = (self.home.tenant.id, view.token.id);
        let events = self.stores.tokens.events(tenant, id, None, 100);
        events.await.unwrap().len()
    }

    /// Statements past all rules.
    pub(crate) async fn tamper(&self, sql: &str) {
        let file = self.folder.path().join("test.db");
        let url = format!("sqlite:{}", file.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

/// The surface with its pages, over another keeper of tokens where a test wants one.
pub(crate) fn surface(
    stores: &Stores,
    tokens: Arc<dyn TokenStore>,
    time: &Timekeeping,
) -> ApiService {
    let (clock, entropy) = (stores.clock.clone(), stores.entropy.clone());
    let now = stores.clock.clone();
    let source = Arc::new(StoreSource::new(tokens.clone()));
    let source = Arc::new(ClockGuard::new(source, time.clone()));
    let gate = Gate::new(source, move || now.now());
    let in_step = time.clone();
    let use_cases = Tokens::new(
        tokens.clone(),
        clock.clone(),
        entropy.clone(),
        Arc::new(NoopInvalidator),
        Policy::default(),
    );
    let limits = SessionLimits::default();
    let sessions = stores.sessions.clone();
    let pages = countersign_console::pages(countersign_console::ConsoleServices {
        tokens: use_cases.clone(),
        audit: Audit::new(stores.audit.clone()),
        sessions: Sessions::new(sessions, tokens, clock.clone(), entropy.clone(), limits),
        gate: gate.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        in_step: Arc::new(move || !in_step.is_apart()),
        public_url: None,
    });
    let services = ApiServices {
        tokens: use_cases,
        users: Users::new(stores.users.clone()),
        gate,
        feed: stores.feed.clone(),
        news: ChangeBroadcast::default(),
        time: time.clone(),
        writability: Writability::default(),
        probe: stores.probe.clone(),
        entropy,
        clock,
        metrics: Metrics::default(),
    };
    ApiService::new(services, Settings::default()).with_pages(pages)
}
