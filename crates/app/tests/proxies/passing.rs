//! Normal use: a caller with the needed permission gets through, and another one learns why not.

use serde_json::{Value, json};

use super::{
    READ,
    common::{self, On},
    document::Kind,
    edge::{Edge, HERE, bearer},
};

pub(crate) async fn the_service_learns_who_asks_and_not_the_secret(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Läser 100%", READ, &[]).await;
    assert_eq!(edge.get(HERE, &token, &[]).await.status, 200);

    let seen = edge.upstream.take().pop().unwrap();
    assert_eq!(seen.line, "GET /tasks");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for (name, value) in [
        ("token-id", text(&token["id"])),
        ("user-id", text(&token["userId"])),
        ("user-name", "L%C3%A4ser 100%25".to_owned()),
        ("permissions", "api.tasks.read".to_owned()),
    ] {
        assert_eq!(seen.all(&format!("x-countersign-{name}")), [value]);
    }
    assert_eq!(seen.all("x-countersign-tenant-id").len(), 1);
    assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.2"]);
    assert!(seen.all("authorization").is_empty());
}

pub(crate) async fn the_service_learns_whose_token_it_is(kind: Kind) {
    let settings = [("COUNTERSIGN_AUTH_METADATA_HEADERS", "plan")];
    let edge = Edge::start_with(kind, On::Sqlite, &settings);
    let expiry = common::in_a_year();
    let body = json!({
        "name": "Owned", "expiry": expiry, "permissions": READ, "owner": "Größe 1",
        "metadata": {"plan": "gold%", "other": "hidden"},
    });
    let token = edge.token_of(&body).await;
    let forged = [
        "X-Countersign-Owner: forged",
        "X-Countersign-Meta-Plan: forged",
        "X-Countersign-Meta-Omitted: forged",
        "X-Countersign-Token-Expiry: forged",
    ];
    assert_eq!(edge.get(HERE, &token, &forged).await.status, 200);
    let seen = edge.upstream.take().pop().unwrap();
    assert_eq!(seen.all("x-countersign-owner"), ["Gr%C3%B6%C3%9Fe 1"]);
    assert_eq!(seen.all("x-countersign-meta-plan"), ["gold%25"]);
    let until = token["expiry"].as_str().unwrap();
    assert_eq!(seen.all("x-countersign-token-expiry"), [until]);
    let text = format!("{seen:?}");
    assert!(
        !text.contains("forged") && !text.contains("hidden"),
        "{text}"
    );
}

pub(crate) async fn a_long_list_of_permissions_is_left_out_and_the_service_learns_that(kind: Kind) {
    let names = (0..3000).map(|number| format!("api.area-{number}.read"));
    let names: Vec<String> = names.chain([READ[0].to_owned()]).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("permissions");
    std::fs::write(&file, names.join("\n")).unwrap();
    let catalog = ("COUNTERSIGN_PERMISSIONS_FILE", file.to_str().unwrap());
    let edge = Edge::start_with(kind, On::Sqlite, &[catalog]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let token = edge.token("Everything", &names, &[]).await;
    let forged = ["X-Countersign-Permissions: forged.it"];
    assert_eq!(edge.get(HERE, &token, &forged).await.status, 200);
    let seen = edge.upstream.take().pop().unwrap();
    assert_eq!(seen.all("x-countersign-permissions").concat(), "");
    assert_eq!(seen.all("x-countersign-permissions-omitted"), ["true"]);
    let id = token["id"].as_str().unwrap();
    assert_eq!(seen.all("x-countersign-token-id"), [id]);
}

pub(crate) async fn bodies_of_all_sizes_pass_and_only_to_the_service(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Writer", &["api.tasks.write"], &[]).await;
    let bearer = bearer(&token);
    // In one piece with the head, larger than what a proxy keeps in memory, and the same in chunks.
    let large: Vec<u8> = (0..300_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let chunks = [b"493e0\r\n", large.as_slice(), b"\r\n0\r\n\r\n"].concat();
    for (length, sent, body) in [
        ("Content-Length: 3", b"abc".as_slice(), b"abc".as_slice()),
        ("Content-Length: 300000", &large, &large),
        ("Transfer-Encoding: chunked", &chunks, &large),
    ] {
        let lines = [bearer.as_str(), length];
        let got = edge.send(HERE, "POST /tasks?now=1", &lines, sent).await;
        assert_eq!(got.status, 200, "{length}");
        let seen = edge.upstream.take().pop().unwrap();
        assert_eq!(seen.line, "POST /tasks?now=1");
        assert!(seen.body == body, "{length}: {} bytes", seen.body.len());
    }
}

pub(crate) async fn what_is_refused_is_told_and_goes_no_further(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let reader = bearer(&edge.token("Reader", READ, &[]).await);
    let writer = bearer(&edge.token("Writer", &["api.tasks.write"], &[]).await);
    let realm = r#"Bearer realm="countersign""#;
    for (lines, line, status, challenge) in [
        (&[][..], "GET /tasks", 401, ""),
        (&["Authorization: Basic eDp5"], "GET /tasks", 401, ""),
        (
            &["Authorization: Bearer wrong"],
            "GET /tasks",
            401,
            "invalid_token",
        ),
        (&[&writer], "GET /tasks", 403, "api.tasks.read"),
        (&[&reader], "POST /tasks", 403, "api.tasks.write"),
        (&[&reader], "DELETE /tasks", 403, "api.tasks.write"),
    ] {
        let got = edge.send(HERE, line, lines, b"").await;
        assert_eq!(got.status, status, "{line} {lines:?}");
        let challenges = got.all("www-authenticate");
        assert_eq!(challenges.len(), 1, "{line} {lines:?}");
        assert!(challenges[0].starts_with(realm), "{challenges:?}");
        assert!(challenges[0].contains(challenge), "{challenges:?}");
    }
    assert!(edge.upstream.take().is_empty());
}

pub(crate) async fn a_revoked_token_does_not_get_through_again(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Short-lived", READ, &[]).await;
    assert_eq!(edge.get(HERE, &token, &[]).await.status, 200);
    assert_eq!(edge.upstream.take().len(), 1);

    let path = format!("{}/{}", common::TOKENS, token["id"].as_str().unwrap());
    let revoked = edge.node.request(reqwest::Method::DELETE, &path).send();
    assert_eq!(revoked.await.unwrap().status(), 204);
    assert_eq!(edge.get(HERE, &token, &[]).await.status, 401);
    assert!(edge.upstream.take().is_empty());
}

pub(crate) async fn only_websockets_pass_and_where_it_is_said(kind: Kind) {
    let edge = Edge::start(kind, On::Sqlite);
    let token = edge.token("Talker", READ, &[]).await;
    let lines = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    edge.get(HERE, &token, &lines).await;
    assert_eq!(upgraded(&edge), kind.told().websockets);
    // Of what a client sends on such a connection the proxy would see nothing any more.
    let lines = ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"];
    edge.get(HERE, &token, &lines).await;
    assert!(!upgraded(&edge));
}

fn upgraded(edge: &Edge) -> bool {
    let seen = edge.upstream.take();
    seen.iter().any(|seen| !seen.all("upgrade").is_empty())
}
