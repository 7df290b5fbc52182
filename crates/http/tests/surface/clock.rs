//! A node with a wrong clock: it comes to no verdict at any endpoint, and its health says so.

use std::sync::Arc;

use countersign_gate::{Gate, Proxies};
use countersign_http::{ApiService, ClockGuard, Settings, StoreSource, Timekeeping};
use serde_json::json;

use crate::world::{Ask, TOKENS, World, send, services};

#[tokio::test]
async fn a_clock_that_is_apart_judges_nobody() {
    let world = World::new().await;
    let stores = &world.stores;
    let (time, clock) = (Timekeeping::default(), stores.clock.clone());
    let source = Arc::new(StoreSource::new(stores.tokens.clone()));
    let mut parts = services(stores, stores.tokens.clone(), Proxies::default());
    parts.gate = Gate::new(Arc::new(ClockGuard::new(source, time.clone())), move || {
        clock.now()
    });
    parts.time = time.clone();
    let surface = ApiService::new(parts, Settings::default());
    let root = world.root.secret.expose();
    let asks = || {
        let form = format!("token={root}");
        [
            world.ask("GET", "/auth"),
            world.ask("GET", format!("{TOKENS}/current")),
            world
                .ask("POST", format!("{TOKENS}/verify"))
                .json(&json!({"token": root})),
            world
                .ask("POST", "/oauth2/introspect")
                .text("application/x-www-form-urlencoded", &form),
        ]
    };
    let ready = || Ask::new("GET", "/health/ready").0;
    assert!(time.note(true));
    for ask in asks() {
        let reply = send(&surface, ask.0).await;
        reply.problem(503, "clock-apart");
        assert_eq!(reply.header("retry-after"), "10");
    }
    let down = json!({"status": "down", "reason": "clock-apart"});
    assert_eq!(send(&surface, ready()).await.expect(503), down);
    let live = send(&surface, Ask::new("GET", "/health/live").0).await;
    assert_eq!(live.status, 200);
    assert!(!time.note(true), "no news");
    assert!(time.note(false));
    for ask in asks() {
        assert_eq!(send(&surface, ask.0).await.status, 200);
    }
    assert_eq!(send(&surface, ready()).await.status, 200);
}
