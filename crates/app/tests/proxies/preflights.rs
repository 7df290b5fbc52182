//! Preflights carry no token: the proxy answers them, and no other requests.

use super::{
    READ,
    common::On,
    document::Kind,
    edge::{Edge, HERE},
};

const ORIGIN: &str = "Origin: https://app.example.com";
const METHOD: &str = "Access-Control-Request-Method: PUT";
const HEADERS: &str = "Access-Control-Request-Headers: authorization";

pub(crate) async fn one_of_the_page_is_answered_without_a_token(kind: Kind) {
    let edge = Edge::with_preflights(kind, On::Sqlite);
    let got = edge
        .send(HERE, "OPTIONS /tasks", &[ORIGIN, METHOD, HEADERS], b"")
        .await;
    assert!([200, 204].contains(&got.status), "{got:?}");
    let origins = got.all("access-control-allow-origin");
    assert_eq!(origins, ["https://app.example.com"]);
    let methods = got.all("access-control-allow-methods").concat();
    assert!(methods.contains("PUT"), "{got:?}");
    let headers = got.all("access-control-allow-headers").concat();
    assert!(headers.to_lowercase().contains("authorization"), "{got:?}");
    assert!(edge.upstream.take().is_empty(), "the proxy answers it");
    // A request with a token gets through as before.
    let token = edge.token("Script", READ, &[]).await;
    assert_eq!(edge.get(HERE, &token, &[ORIGIN]).await.status, 200);
    assert_eq!(edge.upstream.take().len(), 1);
}

pub(crate) async fn no_other_request_without_a_token_gets_through(kind: Kind) {
    let edge = Edge::with_preflights(kind, On::Sqlite);
    let elsewhere = "Origin: https://app.example.com.evil.example";
    for (line, lines) in [
        ("OPTIONS /tasks", &[][..]),
        ("OPTIONS /tasks", &[ORIGIN]),
        ("OPTIONS /tasks", &[METHOD]),
        ("OPTIONS /tasks", &[elsewhere, METHOD]),
        ("GET /tasks", &[ORIGIN, METHOD]),
        ("PUT /tasks", &[ORIGIN, METHOD, HEADERS]),
    ] {
        let got = edge.send(HERE, line, lines, b"").await;
        let granted = got.all("access-control-allow-methods");
        // Traefik answers every preflight, and grants nothing to other origins.
        let answered = kind == Kind::Traefik && lines == [elsewhere, METHOD];
        assert!(got.status == 401 || answered, "{line} {lines:?}: {got:?}");
        assert!(
            !granted.iter().any(|methods| methods.contains("PUT")) || answered,
            "{got:?}"
        );
        let origins = got.all("access-control-allow-origin").concat();
        assert!(!origins.contains("evil"), "{got:?}");
        assert!(edge.upstream.take().is_empty(), "{line} {lines:?}");
    }
}
