//! What a failing inside looks like from outside: told apart, never more than that.

use std::sync::Arc;

use countersign_application::ports::{CommitError, MockStoreHealth, MockTokenStore, StoreError};
use countersign_domain::{Credential, Metadata, TokenView};
use countersign_gate::Proxies;
use countersign_http::{ApiService, Settings};
use serde_json::json;

use super::world::{Ask, World, path, send, services};

/// How a commit fails.
type Failed = fn() -> CommitError;

const HIDDEN: &str = "postgres://user:password@db/private";

fn away() -> StoreError {
    StoreError::Unavailable(HIDDEN.into())
}

fn credential(view: &TokenView) -> Credential {
    let token = view.token.clone();
    Credential {
        tenant: token.tenant,
        token: token.id,
        version: token.version,
        user: token.user,
        user_name: token.name.as_str().into(),
        permissions: token.permissions,
        addresses: token.addresses,
        expiry: token.expiry,
        valid_until: None,
        created: token.created,
        modified: token.modified,
        owner: None,
        metadata: Metadata::default(),
    }
}

/// The surface over a store that knows the root token, and does as the test says.
pub(crate) fn over(world: &World, teach: impl FnOnce(&mut MockTokenStore)) -> ApiService {
    let mut store = MockTokenStore::new();
    let known = credential(&world.root.view);
    store
        .expect_find()
        .returning(move |_| Ok(Some(known.clone())));
    teach(&mut store);
    ApiService::new(
        services(&world.stores, Arc::new(store), Proxies::default()),
        Settings::default(),
    )
}

#[tokio::test]
async fn a_store_that_is_away_is_neither_not_found_nor_a_bad_token() {
    let world = World::new().await;
    let one = path(&world.root.view);
    let router = over(&world, |store| {
        store.expect_get().returning(|_, _| Err(away()));
    });
    let reply = send(&router, world.ask("GET", one.as_str()).0).await;
    reply.problem(503, "store-unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    assert!(!String::from_utf8_lossy(&reply.body).contains("private"));

    let mut blind = MockTokenStore::new();
    blind.expect_find().returning(|_| Err(away()));
    let router = ApiService::new(
        services(&world.stores, Arc::new(blind), Proxies::default()),
        Settings::default(),
    );
    let reply = send(&router, world.ask("GET", one).0).await;
    reply.problem(503, "store-unavailable");
    assert_eq!(reply.header("www-authenticate"), "");
}

#[tokio::test]
async fn corruption_and_panics_are_ours_and_tell_nothing() {
    let world = World::new().await;
    let router = over(&world, |store| {
        let mut calls = 0;
        store.expect_get().returning(move |_, _| {
            calls += 1;
            assert!(calls % 2 == 1, "{HIDDEN}");
            Err(StoreError::Corrupt {
                table: "private",
                column: "column",
            })
        });
    });
    // After the panic the mock does nothing but panic.
    for code in ["token-unreadable", "internal", "internal"] {
        let reply = send(&router, world.ask("GET", path(&world.root.view)).0).await;
        reply.problem(500, code);
        assert!(!String::from_utf8_lossy(&reply.body).contains("private"));
    }
}

#[tokio::test]
async fn each_failed_commit_has_its_problem() {
    let world = World::new().await;
    let cases: [(Failed, u16, &str); 6] = [
        (|| CommitError::NameTaken, 409, "name-taken"),
        (|| CommitError::NotFound, 404, "token-not-found"),
        (|| CommitError::ActorGone, 401, "invalid-token"),
        (|| CommitError::ActorNarrowed, 403, "insufficient-scope"),
        (
            || CommitError::OutcomeUnknown(HIDDEN.into()),
            503,
            "outcome-unknown",
        ),
        (|| CommitError::Fault(away()), 503, "store-unavailable"),
    ];
    for (failed, status, code) in cases {
        let view = world.root.view.clone();
        let router = over(&world, |store| {
            store
                .expect_get()
                .returning(move |_, _| Ok(Some(view.clone())));
            store
                .expect_commit()
                .times(1)
                .returning(move |_| Err(failed()));
            // Which token has a taken name is asked of the store, too.
            store.expect_query().returning(|_, _, _, _| Err(away()));
        });
        let body = json!({"version": 1, "name": "renamed"});
        let reply = send(
            &router,
            world.ask("PUT", path(&world.root.view)).json(&body).0,
        )
        .await;
        reply.problem(status, code);
        assert!(!String::from_utf8_lossy(&reply.body).contains("private"));
    }
}

#[tokio::test]
async fn a_narrowed_caller_is_told_what_the_operation_needs() {
    let world = World::new().await;
    let view = world.root.view.clone();
    let router = over(&world, |store| {
        store
            .expect_get()
            .returning(move |_, _| Ok(Some(view.clone())));
        store
            .expect_commit()
            .returning(|_| Err(CommitError::ActorNarrowed));
    });
    let draft = json!({
        "name": "new",
        "expiry": "2026-12-01T00:00:00Z",
        "permissions": ["api.tasks.read"],
    });
    let edit = json!({"version": 1, "name": "renamed"});
    let root = path(&world.root.view);
    for (ask, permission) in [
        (
            world.ask("POST", super::world::TOKENS).json(&draft),
            "api.api-tokens.write",
        ),
        (
            world.ask("PUT", root.as_str()).json(&edit),
            "api.api-tokens.write",
        ),
        (world.ask("DELETE", root.as_str()), "api.api-tokens.delete"),
    ] {
        let reply = send(&router, ask.0).await;
        reply.problem(403, "insufficient-scope");
        let challenge = reply.header("www-authenticate");
        let scope = format!(
            r#"error="insufficient_scope", error_description="The API token lost a permission while the request was under way.", scope="{permission}""#
        );
        assert!(challenge.ends_with(&scope), "{challenge}");
    }
}

#[tokio::test]
async fn readiness_follows_the_store_and_life_does_not() {
    let world = World::new().await;
    let mut parts = services(
        &world.stores,
        world.stores.tokens.clone(),
        Proxies::default(),
    );
    let mut probe = MockStoreHealth::new();
    probe.expect_ping().returning(|| Err(away()));
    parts.probe = Arc::new(probe);
    let router = ApiService::new(parts, Settings::default());
    let reply = send(&router, Ask::new("GET", "/health/ready").0).await;
    assert_eq!(
        reply.expect(503),
        json!({"status": "down", "reason": "store-unavailable"})
    );
    let reply = send(&router, Ask::new("GET", "/health/live").0).await;
    assert_eq!(reply.expect(200), json!({"status": "up"}));
    let reply = world.send(Ask::new("GET", "/health/ready")).await;
    assert_eq!(reply.expect(200), json!({"status": "up"}));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let world = World::new().await;
    let router = over(&world, |_| {});
    // From here on time runs as soon as nothing else does.
    tokio::time::pause();
    let mut request = world
        .ask("POST", super::world::TOKENS)
        .header("content-type", "application/json")
        .0;
    *request.body_mut() = axum::body::Body::new(http_body_util::StreamBody::new(Never));
    let reply = send(&router, request).await;
    reply.problem(408, "request-timeout");
    assert_eq!(reply.header("connection"), "close");
}

/// A stream of frames that never has one.
struct Never;

impl futures_util::Stream for Never {
    type Item = Result<hyper::body::Frame<axum::body::Bytes>, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}
