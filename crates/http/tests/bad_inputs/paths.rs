//! Paths and methods that lead nowhere, or to something in an unusual spelling.

use std::fmt::Write;

use serde_json::json;

use crate::harness::{Ask, Service, TOKENS, path_of, row};

const NO_TOKEN: &str = "404 token-not-found";
const NO_ROUTE: &str = "404 no-such-route";
const NO_METHOD: &str = "405 method-not-allowed";

#[tokio::test]
async fn what_is_no_id_is_an_unknown_token() {
    let service = Service::start().await;
    let id = service.root.view.token.id.to_string();
    let longer = format!("{id}0");
    let bare = id.replace('-', "");
    let braced = format!("%7B{id}%7D");
    let urn = format!("urn:uuid:{id}");
    let quoted = format!("%22{id}%22");
    let ids = [
        "abc",
        "0",
        "-1",
        "%00",
        "{id}",
        "%7Bid%7D",
        &*longer,
        &*bare,
        &*braced,
        &*urn,
        &*quoted,
        "..",
        "%2e%2e",
        "a%2Fb",
        "%ff",
        "%C3%A4",
        "'%20OR%20'1'='1",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ];
    let rows = ids.iter().flat_map(|id| {
        let path = format!("{TOKENS}/{id}");
        let put = service
            .ask("PUT", path.as_str())
            .json(&json!({"version": 1, "name": "x"}));
        [
            service.ask("GET", path.as_str()),
            service.ask("DELETE", path.as_str()),
            service.ask("GET", format!("{path}/events")),
            put,
        ]
        .map(|ask| {
            row(
                format!("{} {}", ask.method, ask.target),
                ask.verbatim(),
                NO_TOKEN,
            )
        })
    });
    service.check(rows.collect::<Vec<_>>()).await;
    let user = service.ask("GET", "/api/v1/users/abc");
    service
        .check([row("a user", user, "404 user-not-found")])
        .await;
}

#[tokio::test]
async fn an_id_may_be_spelt_otherwise() {
    let service = Service::start().await;
    let made = service.token().await;
    let id = made.view.token.id.to_string();
    let upper = format!("{TOKENS}/{}", id.to_uppercase());
    let encoded = id.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    });
    let canonical = json!({"id": id});
    let body = json!({"version": 1, "name": "by its upper-case id"});
    service
        .check([
            row(
                "upper case",
                service.ask("GET", upper.as_str()),
                canonical.clone(),
            ),
            row(
                "its events",
                service.ask("GET", format!("{upper}/events")),
                "200",
            ),
            row(
                "percent",
                service.ask("GET", format!("{TOKENS}/{encoded}")).verbatim(),
                canonical.clone(),
            ),
            row(
                "changing it",
                service.ask("PUT", upper.as_str()).json(&body),
                canonical,
            ),
            row("revoking it", service.ask("DELETE", upper), "204"),
        ])
        .await;
}

#[tokio::test]
async fn methods_that_a_path_does_not_have() {
    let service = Service::start().await;
    let path = path_of(&service.root);
    let cases = [
        ("PATCH", &*path, "DELETE,GET,HEAD,PUT"),
        ("TRACE", &*path, "DELETE,GET,HEAD,PUT"),
        ("FROBNICATE", &*path, "DELETE,GET,HEAD,PUT"),
        ("OPTIONS", &*path, "DELETE,GET,HEAD,PUT"),
        ("POST", &*path, "DELETE,GET,HEAD,PUT"),
        ("get", &*path, "DELETE,GET,HEAD,PUT"),
        ("PUT", TOKENS, "GET,HEAD,POST"),
        ("DELETE", TOKENS, "GET,HEAD,POST"),
        ("GET", "/api/v1/api-tokens/query", "POST"),
        ("PUT", "/api/v1/api-tokens/current", "DELETE,GET,HEAD"),
        ("PATCH", "/api/v1/api-tokens/current", "DELETE,GET,HEAD"),
        ("POST", "/api/v1/permissions", "GET,HEAD"),
        ("POST", "/health/live", "GET,HEAD"),
        ("DELETE", "/api/openapi.json", "GET,HEAD"),
    ];
    for (method, path, allowed) in cases {
        let ask = service.ask(method, path).verbatim();
        service
            .check([row(format!("{method} {path}"), ask.clone(), NO_METHOD)])
            .await;
        let reply = service.send(&ask).await;
        let mut methods: Vec<_> = reply
            .header("allow")
            .unwrap()
            .split(',')
            .map(str::trim)
            .collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn paths_that_are_nearly_right() {
    let service = Service::start().await;
    let path = path_of(&service.root);
    let gone = [
        format!("{path}/"),
        format!("{TOKENS}/"),
        format!("{path}/events/"),
        format!("{path}/event"),
        format!("{path}/rotate/x"),
        path.replace("/api-tokens", "//api-tokens"),
        format!("/{path}"),
        path.replace("/api/", "/API/"),
        path.replace("/v1/", "/v2/"),
        path.replace("/v1/", "/v1/../v1/"),
        path.replace("/v1/", "/%2e/v1/"),
        path.replace("/v1/", "/v1\\"),
        "/".to_owned(),
        "/api".to_owned(),
        "/api/v1".to_owned(),
        "/problems/no-such-problem".to_owned(),
        "/problems/..%2f..%2fCargo.toml".to_owned(),
        "/api/docs/..%2f..%2fCargo.toml".to_owned(),
        "/.git/config".to_owned(),
    ];
    let rows = gone.iter().map(|path| {
        let ask = service.ask("GET", path.as_str()).verbatim();
        row(path.as_str(), ask, NO_ROUTE)
    });
    service.check(rows.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let service = Service::start().await;
    let path = path_of(&service.root);
    let unknown = format!("{TOKENS}/abc");
    service
        .check([
            row("found", service.ask("HEAD", path.as_str()), "200"),
            row("not found", service.ask("HEAD", unknown), "404"),
            row("no credential", Ask::new("HEAD", path.as_str()), "401"),
        ])
        .await;
    let reply = service.send(&service.ask("HEAD", path).verbatim()).await;
    assert_eq!(reply.body, b"");
    assert!(reply.header("etag").is_some());
}

#[tokio::test]
async fn an_api_answers_in_json_whatever_is_asked_for() {
    let service = Service::start().await;
    let current = || service.ask("GET", "/api/v1/api-tokens/current");
    for accept in ["text/html", "application/xml;q=1, */*;q=0", "", "\u{e4}"] {
        let ask = current().with("accept", accept);
        let what = format!("Accept: {accept}");
        service.check([row(what, ask.clone(), "200")]).await;
        assert_eq!(
            service.send(&ask).await.header("content-type"),
            Some("application/json")
        );
        let ask = service
            .ask("GET", format!("{TOKENS}/abc"))
            .with("accept", accept);
        service.check([row("a problem", ask, NO_TOKEN)]).await;
    }
}
