//! The places in which a client may send its token, behind each proxy.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    READ,
    common::On,
    document::Kind,
    edge::{Edge, HERE, bearer},
};

fn secret(token: &Value) -> &str {
    token["token"].as_str().unwrap()
}

fn basic(token: &Value) -> String {
    let pair = BASE64_STANDARD.encode(format!("any:{}", secret(token)));
    format!("Authorization: Basic {pair}")
}

fn key(token: &Value) -> String {
    format!("X-API-Key: {}", secret(token))
}

pub(crate) async fn each_place_that_is_allowed_is_handed_on(kind: Kind) {
    let allowed = ("COUNTERSIGN_TOKEN_HEADERS", "x-api-key,basic");
    let edge = Edge::start_with(kind, On::Sqlite, &[allowed]);
    let token = edge.token("Reader", READ, &[]).await;
    let (bearer, basic, key) = (bearer(&token), basic(&token), key(&token));
    for line in [&bearer, &basic, &key] {
        let got = edge.send(HERE, "GET /tasks", &[line], b"").await;
        assert_eq!(got.status, 200, "{line}");
        let seen = edge.upstream.take().pop().unwrap();
        let id = token["id"].as_str().unwrap();
        assert_eq!(seen.all("x-countersign-token-id"), [id]);
        for header in ["authorization", "x-api-key"] {
            assert_eq!(seen.all(header).concat(), "", "{line}");
        }
    }
    for lines in [
        [&bearer, &key],
        [&key, &bearer],
        [&basic, &key],
        [&basic, &bearer],
        [&key, &key],
    ] {
        let lines = lines.map(String::as_str);
        let got = edge.send(HERE, "GET /tasks", &lines, b"").await;
        let first_alone = kind == Kind::Nginx && lines[0] == lines[1];
        assert_eq!(got.status, if first_alone { 200 } else { 400 }, "{lines:?}");
        let seen = edge.upstream.take();
        assert_eq!(seen.len(), usize::from(first_alone), "{lines:?}");
        assert_eq!(
            seen.iter().flat_map(|seen| seen.all("x-api-key")).count(),
            0
        );
    }
    let got = edge.send(HERE, "GET /tasks", &[], b"").await;
    assert_eq!(got.status, 401);
    let challenges = got.all("www-authenticate").join(", ");
    assert!(challenges.starts_with("Bearer realm="), "{challenges}");
    let further =
        challenges.contains("Basic realm=") && challenges.contains("header=\"x-api-key\"");
    assert_eq!(further, kind != Kind::Nginx, "{challenges}");
}

pub(crate) async fn no_other_place_counts_by_default(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Reader", READ, &[]).await;
    let (bearer, basic, key) = (bearer(&token), basic(&token), key(&token));
    for line in [&basic, &key] {
        let got = edge.send(HERE, "GET /tasks", &[line], b"").await;
        assert_eq!(got.status, 401, "{line}");
        assert_eq!(got.all("www-authenticate").len(), 1);
    }
    assert!(edge.upstream.take().is_empty());
    // A key of something else does not matter.
    let lines = [bearer.as_str(), "X-API-Key: other"];
    assert_eq!(edge.send(HERE, "GET /tasks", &lines, b"").await.status, 200);
}
