//! Endpoints that check tokens, besides the API itself: the answers of each, and that all come to
//! the same verdict.

mod ages;
mod auth;
mod batch;
mod changes;
mod clients;
mod forms;
mod introspection;
mod limits;
mod matrix;
mod metadata;
mod numbers;
mod revocation;
mod streams;
mod verify;
mod wanted;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::extract::ConnectInfo;
use base64::{Engine, engine::general_purpose::STANDARD};
use countersign_application::{
    IssuedToken,
    ports::{MockTokenStore, StoreError},
};
use countersign_domain::{Grant, SecretDigest, Timestamp, TokenId};
use countersign_gate::{Gate, Proxies, UsageObserver};
use countersign_http::{ApiService, ChangeBroadcast, Metrics, Settings};

use super::world::{Ask, Reply, World, send, services};

/// Notes who was let in, instead of writing it down some day.
#[derive(Default)]
struct Noted(Mutex<Vec<(TokenId, Option<IpAddr>)>>);

impl UsageObserver for Noted {
    fn admitted(&self, _: &SecretDigest, grant: &Grant, _: Timestamp) {
        let used = (grant.credential.token, grant.address);
        self.0.lock().unwrap().push(used);
    }
}

/// A surface that notes uses, with what the test needs to reach behind it.
pub(crate) struct Doors {
    pub(crate) world: World,
    gate: Gate,
    hub: ChangeBroadcast,
    metrics: Metrics,
    noted: Arc<Noted>,
    router: ApiService,
}

impl Doors {
    async fn new() -> Self {
        Self::with(Proxies::default(), Settings::default()).await
    }

    pub(crate) async fn with(proxies: Proxies, settings: Settings) -> Self {
        Self::built(proxies, settings, "").await
    }

    /// One that takes tokens from these headers too.
    async fn taking(token_headers: &str) -> Self {
        Self::built(Proxies::default(), Settings::default(), token_headers).await
    }

    async fn built(proxies: Proxies, settings: Settings, token_headers: &str) -> Self {
        let world = World::new().await;
        let noted = Arc::new(Noted::default());
        let mut parts = services(&world.stores, world.stores.tokens.clone(), proxies);
        parts.gate = parts.gate.with_uses(noted.clone());
        parts.gate = parts
            .gate
            .with_token_headers(token_headers.parse().unwrap());
        let (gate, hub) = (parts.gate.clone(), parts.news.clone());
        let metrics = parts.metrics.clone();
        Self {
            router: ApiService::new(parts, settings),
            world,
            gate,
            hub,
            metrics,
            noted,
        }
    }

    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        send(&self.router, ask.0).await
    }

    /// Who was let in since this was last asked.
    fn noted(&self) -> Vec<(TokenId, Option<IpAddr>)> {
        std::mem::take(&mut *self.noted.0.lock().unwrap())
    }

    /// A token that holds these, from these addresses.
    async fn made(&self, name: &str, permissions: &[&str], addresses: &[&str]) -> IssuedToken {
        let mut draft = self.world.home.draft(name);
        draft.permissions = permissions.iter().map(ToString::to_string).collect();
        draft.allowed_addresses = addresses.iter().map(ToString::to_string).collect();
        self.world.home.make_of(&draft).await
    }
}

/// A request from elsewhere; `None` = from where cannot be told.
fn from(mut ask: Ask, address: Option<IpAddr>) -> Ask {
    let extensions = ask.0.extensions_mut();
    match address {
        Some(address) => extensions.insert(ConnectInfo(SocketAddr::new(address, 4711))),
        None => extensions.remove::<ConnectInfo<SocketAddr>>(),
    };
    ask
}

/// A form, by the holder of a token.
pub(crate) fn form(target: &str, caller: &IssuedToken, fields: &[(&str, &str)]) -> Ask {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    Ask::new("POST", target)
        .by(&caller.secret)
        .text("application/x-www-form-urlencoded", &body.finish())
}

/// What HTTP Basic sends for a name and a password.
fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// The surface over a store that knows the root token and cannot answer for any other.
async fn forgetful(world: &World) -> ApiService {
    let root = world.root.secret.digest();
    let known = world.stores.tokens.find(&root).await.unwrap();
    let mut store = MockTokenStore::new();
    store.expect_find().returning(move |digest| {
        if *digest == root {
            Ok(known.clone())
        } else {
            Err(StoreError::Unavailable("private".into()))
        }
    });
    let parts = services(&world.stores, Arc::new(store), Proxies::default());
    ApiService::new(parts, Settings::default())
}
