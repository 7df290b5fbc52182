//! `Idempotency-Key`: values that are not valid, and keys that are used again.

use countersign_application::testing::at;
use serde_json::json;

use crate::harness::{Ask, Reply, Service, TOKENS, row};

const INVALID: &str = "400 invalid-parameter: Idempotency-Key invalid-value";
const KEY: &str = "idempotency-key";

#[tokio::test]
async fn what_is_no_key() {
    let service = Service::start().await;
    let with = |key: &[u8]| service.creation(json!({})).with(KEY, key);
    // That it is not echoed is asked of every answer.
    let own = service.root.secret.expose();
    let wrapped = format!("key={own};");
    service
        .check([
            row("empty", with(b""), INVALID),
            row("a blank", with(b" "), INVALID),
            row("two words", with(b"a b"), INVALID),
            row("256", with(&[b'a'; 256]), INVALID),
            row("10 kB", with(&[b'a'; 10_000]), INVALID),
            row("no ASCII", with("\u{e4}".as_bytes()), INVALID),
            row("no UTF-8", with(b"\xff"), INVALID),
            row("twice", with(b"a").with(KEY, "b"), INVALID),
            row("the same twice", with(b"a").with(KEY, "a"), INVALID),
            row("a secret", with(own.as_bytes()), INVALID),
            row("a secret and more", with(wrapped.as_bytes()), INVALID),
            row("255", with(&[b'a'; 255]), "201"),
            row("what SQL would notice", with(b"');--"), "201"),
        ])
        .await;
}

#[tokio::test]
async fn a_key_makes_one_token() {
    let service = Service::start().await;
    let ask = service.creation(json!({})).with(KEY, "once");
    let first = service.send(&ask).await;
    assert_eq!(first.status, 201);
    let id = first.json()["id"].clone();
    let other = Ask {
        body: service.creation(json!({})).body,
        ..ask.clone()
    };
    let weak = service.token_of(&["api.api-tokens.read"]).await;
    service
        .check([
            row("later", ask.clone(), "409 already-created"),
            row("another body", other.clone(), "422 idempotency-key-reused"),
            row(
                "one who may not",
                ask.clone().by(&weak.secret),
                "403 insufficient-scope",
            ),
            row(
                "another key",
                ask.clone().without(KEY).with(KEY, "Once"),
                "409 name-taken",
            ),
            row(
                "a body that is none",
                ask.clone().raw_json("{"),
                "400 malformed-json",
            ),
        ])
        .await;
    let repeated = service.send(&ask).await;
    assert_eq!(repeated.json()["id"], id);
    let path = format!("{TOKENS}/{}", id.as_str().unwrap());
    assert_eq!(repeated.header("location"), Some(&*path));

    // Also when the token is gone, for a day; then the key is free.
    assert_eq!(service.send(&service.ask("DELETE", path)).await.status, 204);
    service
        .check([row("revoked", ask.clone(), "409 already-created")])
        .await;
    service.clock().set(at("2026-06-02T12:00:00Z"));
    service
        .check([row("a day later", ask.clone(), "409 already-created")])
        .await;
    service.clock().set(at("2026-06-02T12:00:00.000001Z"));
    service.check([row("after a day", ask, "201")]).await;
}

#[tokio::test]
async fn a_key_belongs_to_its_user() {
    let service = Service::start().await;
    let ask = service.creation(json!({})).with(KEY, "shared");
    let other = service.token().await;
    let by_other = service
        .creation(json!({}))
        .with(KEY, "shared")
        .by(&other.secret);
    service
        .check([row("one", ask, "201"), row("another's", by_other, "201")])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_at_once_makes_one_token() {
    let service = Service::start().await;
    for round in 0..8 {
        let ask = service
            .creation(json!({}))
            .with(KEY, format!("round {round}").replace(' ', "-"));
        let asked = (0..8).map(|_| service.send(&ask));
        let replies: Vec<Reply> = futures_util::future::join_all(asked).await;
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(made, 1);
        for reply in &replies {
            assert_eq!(reply.flaws(&ask), [""; 0]);
            let known = matches!(&*reply.outline(), "201" | "409 already-created");
            assert!(known, "{}", reply.outline());
        }
        let ids: std::collections::BTreeSet<_> = replies
            .iter()
            .map(|reply| reply.json()["id"].to_string())
            .collect();
        assert_eq!(ids.len(), 1);
    }
}
