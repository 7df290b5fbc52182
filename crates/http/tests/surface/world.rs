//! A world of its own for each test: the surface over a fresh SQLite file with two tenants, and time that stands still.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode},
    response::Response,
};
use countersign_application::{
    IssuedToken, Tokens, Users,
    ports::TokenStore,
    testing::{NoopInvalidator, Stores, TestTenant},
};
use countersign_domain::{Policy, Secret, TokenView, UserId, standard};
use countersign_gate::{Gate, Proxies};
use countersign_http::{
    ApiService, ApiServices, ChangeBroadcast, Metrics, Settings, StoreSource, Timekeeping,
    Writability,
};
use countersign_sqlite::SqliteStore;
use http_body_util::BodyExt;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tower::{Service, ServiceExt};

/// Where tokens are.
pub(crate) const TOKENS: &str = "/api/v1/api-tokens";

pub(crate) struct World {
    pub(crate) router: ApiService,
    pub(crate) stores: Stores,
    pub(crate) home: TestTenant,
    /// Another tenant.
    pub(crate) away: TestTenant,
    /// Holds the whole catalog.
    pub(crate) root: IssuedToken,
    folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Proxies::default()).await
    }

    /// One that believes these proxies.
    pub(crate) async fn with(proxies: Proxies) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("test.db"))
            .await
            .unwrap();
        store.migrate().await.unwrap();
        let stores = Stores::of(store);
        let (home, away) = (stores.realm("home").await, stores.realm("away").await);
        let mut draft = home.draft("root");
        draft.permissions = standard::ALL.iter().map(ToString::to_string).collect();
        let root = home.make_of(&draft).await;
        Self {
            router: ApiService::new(
                services(&stores, stores.tokens.clone(), proxies),
                Settings::default(),
            ),
            stores,
            home,
            away,
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

    /// A request with the root token.
    pub(crate) fn ask(&self, method: &str, target: impl Into<String>) -> Ask {
        Ask::new(method, target).by(&self.root.secret)
    }

    /// The status alone.
    pub(crate) async fn status(&self, ask: Ask) -> u16 {
        let response = self.router.clone().oneshot(ask.0).await.unwrap();
        response.status().as_u16()
    }

    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        send(&self.router, ask.0).await
    }
}

/// The use cases of a store, with another keeper of tokens where a test wants one.
pub(crate) fn services(
    stores: &Stores,
    tokens: Arc<dyn TokenStore>,
    proxies: Proxies,
) -> ApiServices {
    let (clock, entropy) = (stores.clock.clone(), stores.entropy.clone());
    let time = stores.clock.clone();
    ApiServices {
        tokens: Tokens::new(
            tokens.clone(),
            clock.clone(),
            entropy.clone(),
            Arc::new(NoopInvalidator),
            Policy::default(),
        ),
        users: Users::new(stores.users.clone()),
        gate: Gate::new(Arc::new(StoreSource::new(tokens)), move || time.now())
            .with_proxies(proxies),
        feed: stores.feed.clone(),
        news: ChangeBroadcast::default(),
        time: Timekeeping::default(),
        writability: Writability::default(),
        metrics: Metrics::default(),
        probe: stores.probe.clone(),
        entropy,
        clock,
    }
}

/// The answer of a surface, or of any other service of HTTP.
pub(crate) async fn send<S>(service: &S, request: Request<Body>) -> Reply
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone,
{
    let response = service.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    Reply {
        status: head.status,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

/// A request from 192.0.2.1.
pub(crate) struct Ask(pub(crate) Request<Body>);

impl Ask {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        let peer: SocketAddr = "192.0.2.1:4711".parse().unwrap();
        let request = Request::builder()
            .method(method)
            .uri(target.into())
            .extension(ConnectInfo(peer));
        Self(request.body(Body::empty()).unwrap())
    }

    pub(crate) fn by(self, secret: &Secret) -> Self {
        self.header("authorization", &format!("Bearer {}", secret.expose()))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    pub(crate) fn text(self, media_type: &str, body: &str) -> Self {
        let mut ask = self.header("content-type", media_type);
        *ask.0.body_mut() = Body::from(body.to_owned());
        ask
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// In the order of its members' names, whatever the library keeps where others are built along.
    pub(crate) fn json(&self) -> Value {
        let read = serde_json::from_slice(&self.body);
        let mut value: Value = read.unwrap_or_else(|_| panic!("no JSON: {self:?}"));
        value.sort_all_objects();
        value
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Checks the status, and gives the JSON.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Checks that it is that problem, in all that problems have in common.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let document = self.expect(status);
        let media_type = if document.get("error").is_some() {
            let described = document["error_description"].as_str().unwrap();
            let allowed = |c| matches!(c, ' '..='~') && c != '"' && c != '\\';
            assert!(described.chars().all(allowed), "{described}");
            "application/json"
        } else {
            assert!(document.get("error_description").is_none());
            "application/problem+json"
        };
        assert_eq!(self.header("content-type"), media_type);
        assert_eq!(document["type"], format!("/problems/{code}"), "{document}");
        assert_eq!(document["status"], status);
        assert_eq!(document["requestId"], self.header("x-request-id"));
        assert!(document["title"].is_string() && document["detail"].is_string());
        document
    }

    /// The places and codes of a problem's errors, in their order.
    pub(crate) fn faults(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self.json()["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut faults: Vec<_> = errors
            .iter()
            .map(|error| {
                let place = text(&error["pointer"]) + &text(&error["parameter"]);
                (place, text(&error["code"]))
            })
            .collect();
        faults.sort();
        faults
    }
}

/// The path of a token.
pub(crate) fn path(view: &TokenView) -> String {
    format!("{TOKENS}/{}", view.token.id)
}

/// Places and codes as [`Reply::faults`] gives them.
pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(place, code)| ((*place).to_owned(), (*code).to_owned()))
        .collect()
}

impl World {
    /// Closes a user and nothing else, as no use case does.
    pub(crate) async fn close_user(&self, user: UserId) {
        let url = format!("sqlite:{}", self.folder.path().join("test.db").display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        let closed = sqlx::query("UPDATE users SET closed_at = 1 WHERE id = ?")
            .bind(user.as_uuid().as_bytes().as_slice())
            .execute(&mut database);
        assert_eq!(closed.await.unwrap().rows_affected(), 1);
    }

    /// The clock's now, in the form that answers have.
    pub(crate) fn now(&self) -> String {
        self.stores.clock.now().to_string()
    }
}
