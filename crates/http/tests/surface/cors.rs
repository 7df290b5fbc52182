//! Calls by scripts of other origins: who may make them, where, and what they can read.

use std::num::NonZeroU32;

use axum::{Router, routing::get};
use countersign_gate::Proxies;
use countersign_http::{ApiService, Settings};
use serde_json::json;

use super::world::{Ask, Reply, TOKENS, World, path, send, services};

const APP: &str = "https://app.example.com";
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// A surface that these origins may call, with a page.
fn open_to(world: &World, origins: &[&str]) -> ApiService {
    let settings = Settings {
        cors_origins: origins.iter().map(ToString::to_string).collect(),
        refusals_per_minute: NonZeroU32::new(1000),
        ..Settings::default()
    };
    let parts = services(
        &world.stores,
        world.stores.tokens.clone(),
        Proxies::default(),
    );
    let pages = Router::new().route("/console", get(async || "a page"));
    ApiService::new(parts, settings).with_pages(pages)
}

fn preflight(target: &str, origin: &str) -> Ask {
    Ask::new("OPTIONS", target)
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization,if-match")
}

fn told(reply: &Reply) -> Vec<&str> {
    let names = reply.headers.keys().map(axum::http::HeaderName::as_str);
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_token_to_exact_origins_alone() {
    let world = World::new().await;
    let surface = open_to(&world, &[APP, "http://localhost:3000"]);
    let own = path(&world.root.view);
    let open = [
        own.as_str(),
        TOKENS,
        "/api/v1/api-tokens/verify",
        "/api/v1/changes",
        "/api/v1/nowhere",
        "/oauth2/introspect",
        "/.well-known/oauth-authorization-server",
        "/health/ready",
    ];
    for target in open {
        for origin in [APP, "http://localhost:3000"] {
            let reply = send(&surface, preflight(target, origin).0).await;
            assert_eq!(reply.status, 200, "{target}");
            assert_eq!(reply.header(ALLOW_ORIGIN), origin, "{target}");
            let methods = reply.header("access-control-allow-methods");
            assert!(
                ["GET", "PUT", "DELETE"]
                    .iter()
                    .all(|method| methods.contains(method))
            );
            let headers = reply.header("access-control-allow-headers");
            assert!(headers.contains("authorization") && headers.contains("if-match"));
            assert_eq!(reply.header("access-control-max-age"), "600");
            assert!(!told(&reply).contains(&"access-control-allow-credentials"));
            assert!(!reply.header("x-request-id").is_empty(), "{target}");
            assert!(reply.body.is_empty());
        }
        for origin in [
            "https://app.example.com.evil.example",
            "https://evil.example",
            "https://APP.example.com",
            "https://app.example.com:8443",
            "http://app.example.com",
            "null",
            "*",
        ] {
            let reply = send(&surface, preflight(target, origin).0).await;
            assert_eq!(reply.header(ALLOW_ORIGIN), "", "{target} {origin}");
        }
    }
}

#[tokio::test]
async fn a_script_can_read_every_answer_be_it_a_refusal() {
    let world = World::new().await;
    let surface = open_to(&world, &[APP]);
    let own = path(&world.root.view);
    let verify = "/api/v1/api-tokens/verify";
    let body = json!({"token": "x"});
    let asked = |ask: Ask| ask.header("origin", APP);
    for (ask, status) in [
        (world.ask("GET", own.as_str()), 200),
        (
            world.ask("GET", own.as_str()).header("if-none-match", "*"),
            304,
        ),
        (
            world.ask("GET", own.as_str()).header("if-match", "\"9\""),
            412,
        ),
        (world.ask("GET", "/api/v1/nowhere"), 404),
        (world.ask("PATCH", own.as_str()), 405),
        (world.ask("OPTIONS", own.as_str()), 405),
        (Ask::new("GET", own.as_str()), 401),
        (world.ask("POST", verify).json(&body), 200),
        (Ask::new("POST", verify).json(&body), 401),
        (world.ask("GET", format!("/api/{}", "x".repeat(9000))), 414),
    ] {
        let reply = send(&surface, asked(ask).0).await;
        assert_eq!(reply.status, status);
        // An OPTIONS that is no preflight is made by no script.
        if status != 405 || reply.header("vary").contains("origin") {
            assert_eq!(reply.header(ALLOW_ORIGIN), APP, "{status}");
            let exposed = reply.header("access-control-expose-headers");
            assert!(exposed.contains("etag") && exposed.contains("x-request-id"));
            assert!(reply.header("vary").contains("origin"), "{status}");
        }
    }
    let elsewhere = world
        .ask("GET", own.as_str())
        .header("origin", "https://evil.example");
    let reply = send(&surface, elsewhere.0).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header(ALLOW_ORIGIN)),
        (200, "")
    );
    assert!(
        reply.header("vary").contains("origin"),
        "a cache must not mix them up"
    );
}

#[tokio::test]
async fn a_script_can_read_that_there_were_too_many_refusals() {
    let world = World::new().await;
    let settings = Settings {
        cors_origins: vec![APP.to_owned()],
        refusals_per_minute: NonZeroU32::new(1),
        ..Settings::default()
    };
    let parts = services(
        &world.stores,
        world.stores.tokens.clone(),
        Proxies::default(),
    );
    let surface = ApiService::new(parts, settings);
    let ask = || Ask::new("GET", TOKENS).header("origin", APP);
    assert_eq!(send(&surface, ask().0).await.status, 401);
    let reply = send(&surface, ask().0).await;
    reply.problem(429, "too-many-requests");
    assert_eq!(reply.header(ALLOW_ORIGIN), APP);
    let exposed = reply.header("access-control-expose-headers");
    assert!(exposed.contains("retry-after") && exposed.contains("ratelimit"));
    // Preflights are no refusals, and are not held up by them.
    assert_eq!(send(&surface, preflight(TOKENS, APP).0).await.status, 200);
}

#[tokio::test]
async fn proxies_are_never_told_that_a_preflight_may_pass_and_pages_are_for_themselves() {
    let world = World::new().await;
    let surface = open_to(&world, &[APP]);
    for (target, status) in [
        ("/auth", 401),
        ("/auth?permission=api.tasks.read", 401),
        ("/auth/", 401),
        ("/auth/tasks", 401),
        ("/auth/api/v1/api-tokens", 401),
        ("/console", 405),
        ("/metrics", 405),
    ] {
        let reply = send(&surface, preflight(target, APP).0).await;
        assert_eq!(
            (reply.status.as_u16(), told(&reply)),
            (status, vec![]),
            "{target}"
        );
    }
    for (target, status) in [("/auth", 200), ("/console", 200), ("/metrics", 403)] {
        let ask = world.ask("GET", target).header("origin", APP);
        let reply = send(&surface, ask.0).await;
        let answered = (reply.status.as_u16(), told(&reply));
        assert_eq!(answered, (status, vec![]), "{target}");
    }
}

#[tokio::test]
async fn without_the_setting_no_other_origin_is_answered() {
    let world = World::new().await;
    // Neither of these is an origin.
    let surfaces = [
        world.router.clone(),
        open_to(&world, &["*"]),
        open_to(&world, &["\n"]),
    ];
    for surface in surfaces {
        for origin in [APP, "*", "null"] {
            let reply = send(&surface, preflight(TOKENS, origin).0).await;
            reply.problem(405, "method-not-allowed");
            assert_eq!(told(&reply), [""; 0]);
            let ask = world.ask("GET", TOKENS).header("origin", origin);
            assert_eq!(told(&send(&surface, ask.0).await), [""; 0]);
        }
    }
}
