//! What holds of every request over HTTP/1, whichever route and listener it comes to.

use std::{future::pending, net::SocketAddr, time::Duration};

use axum::{Router, routing::get};
use countersign_http::{Limits, Metrics, Serves, metrics_router, serve};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::world::World;

async fn listening<S>(service: S) -> SocketAddr
where
    S: Serves,
    S::Future: Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits::new(1000, Duration::from_secs(10));
    tokio::spawn(serve(listener, service, limits, pending::<()>()));
    address
}

/// A listener, and the methods and paths that are asked of it.
type Listener = (SocketAddr, Vec<(String, String)>);

/// Every listener with every route: those of the document, those that it does not list, a page, and
/// none at all.
async fn listeners(world: &World) -> [Listener; 2] {
    let pages = Router::new().route("/console", get(async || "a page"));
    let surface = listening(world.router.clone().with_pages(pages)).await;
    let metrics = listening(metrics_router(Metrics::default())).await;
    let document: Value =
        serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    let id = world.root.view.token.id.to_string();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.replace("{id}", &id)));
        }
    }
    assert!(routes.len() > 15, "{routes:?}");
    let others = [
        "/auth/",
        "/auth/x",
        "/api/docs/",
        "/console",
        "/problems/internal",
        "/nowhere",
    ];
    routes.extend(others.map(|path| ("GET".to_owned(), path.to_owned())));
    let of_metrics = ["/metrics", "/nowhere"].map(|path| ("GET".to_owned(), path.to_owned()));
    [(surface, routes), (metrics, of_metrics.into())]
}

/// The status, head and body of the answer to a request, after which the connection is closed.
async fn ask(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
    // A reset behind the answer is an end as well.
    drop(read.await.expect("the connection is closed"));
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn a_request_without_one_valid_host_or_with_another_coding_is_refused_on_every_route() {
    let world = World::new().await;
    let bearer = format!("authorization: Bearer {}\r\n", world.root.secret.expose());
    let chunked = "host: x\r\ntransfer-encoding: gzip, chunked\r\n";
    for (address, routes) in listeners(&world).await {
        for (method, path) in routes {
            for (lines, status, code) in [
                ("", 400, "missing-parameter"),
                ("host: a\r\nhost: a\r\n", 400, "several-values"),
                ("host: a b\r\n", 400, "invalid-value"),
                ("host:\r\n", 400, "invalid-value"),
                ("host: u@a\r\n", 400, "invalid-value"),
                (chunked, 501, "unsupported-transfer-coding"),
            ] {
                let body = if lines == chunked { "0\r\n\r\n" } else { "" };
                let request = format!("{method} {path} HTTP/1.1\r\n{lines}{bearer}\r\n{body}");
                let (answered, head, body) = ask(address, &request).await;
                assert_eq!(answered, status, "{method} {path} {lines}: {head}");
                let media_type = if path.starts_with("/oauth2/") {
                    "content-type: application/json"
                } else {
                    "application/problem+json"
                };
                assert!(head.contains(media_type), "{path}: {head}");
                assert!(head.contains("connection: close"), "{path}: {head}");
                assert!(
                    body.contains(&format!("\"{code}\"")) || body.contains(&format!("/{code}\"")),
                    "{body}"
                );
            }
        }
    }
}

#[tokio::test]
async fn http_1_0_needs_no_host_and_an_absolute_target_stands_for_it() {
    let world = World::new().await;
    let [(address, _), _] = listeners(&world).await;
    let (status, ..) = ask(address, "GET /health/live HTTP/1.0\r\n\r\n").await;
    assert_eq!(status, 200);
    let metadata = "/.well-known/oauth-authorization-server";
    let close = "connection: close\r\n\r\n";
    let request = format!("GET http://localhost:7{metadata} HTTP/1.1\r\nhost: other\r\n{close}");
    let (status, _, body) = ask(address, &request).await;
    assert!(
        status == 200 && body.contains("http://localhost:7/"),
        "{body}"
    );
    let request = format!("GET http://u@named.example/ HTTP/1.1\r\nhost: other\r\n{close}");
    assert_eq!(ask(address, &request).await.0, 400);
}

/// The path with its first letter and all of its hyphens percent-encoded.
fn encoded(path: &str) -> String {
    let letter = path
        .find(|letter: char| letter.is_ascii_alphabetic())
        .unwrap();
    let (before, rest) = path.split_at(letter);
    let code = rest.as_bytes()[0];
    format!("{before}%{code:02x}{}", &rest[1..].replace('-', "%2D"))
}

#[tokio::test]
async fn paths_that_differ_in_the_encoding_of_unreserved_characters_are_the_same() {
    let world = World::new().await;
    let tail = format!(
        "host: x\r\nx-request-id: same\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
        world.root.secret.expose()
    );
    for (address, routes) in listeners(&world).await {
        for (method, path) in routes {
            // A stream does not end, and a page of numbers counts its own requests.
            if path.ends_with("/changes") || method == "DELETE" {
                continue;
            }
            let (plain, head, body) =
                ask(address, &format!("{method} {path} HTTP/1.1\r\n{tail}")).await;
            let other = encoded(&path);
            let (coded, coded_head, coded_body) =
                ask(address, &format!("{method} {other} HTTP/1.1\r\n{tail}")).await;
            let undated = |head: &str| {
                let lines = head.lines().filter(|line| !line.starts_with("date:"));
                lines
                    .filter(|line| !line.starts_with("content-length:"))
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            assert_eq!(
                (coded, undated(&coded_head)),
                (plain, undated(&head)),
                "{method} {other}"
            );
            assert!(path == "/metrics" || coded_body == body, "{method} {other}");
        }
        let slash = ask(address, &format!("GET /%2Fmetrics HTTP/1.1\r\n{tail}")).await;
        assert_eq!(slash.0, 404, "a slash is reserved");
    }
}

#[tokio::test]
async fn reading_for_a_tag_that_is_not_stored_is_refused() {
    let world = World::new().await;
    let id = world.root.view.token.id;
    for (listener, (address, _)) in listeners(&world).await.into_iter().enumerate() {
        let own = format!("/api/v1/api-tokens/{id}");
        let with_tag = [own.as_str(), "/api/v1/api-tokens/current"];
        let without = [
            "/api/v1/api-tokens",
            "/health/live",
            "/console",
            "/api/v1/permissions",
        ];
        let mut cases = Vec::new();
        for (condition, status) in [
            ("\"1\"", 200),
            ("\"7\", \"1\"", 200),
            ("*", 200),
            ("\"2\"", 412),
            ("W/\"1\"", 412),
            ("1", 400),
        ] {
            if listener == 0 {
                cases.extend(with_tag.map(|path| (path, condition, status)));
                let untagged = if condition == "1" || condition == "*" {
                    status
                } else {
                    412
                };
                cases.extend(without.map(|path| (path, condition, untagged)));
                // It is asked with the headers of requests for other representations.
                cases.extend(
                    ["/auth", "/auth?permission=api.tasks.read"].map(|path| (path, condition, 200)),
                );
                cases.push(("/nowhere", condition, 404));
            } else {
                let untagged = if condition == "1" || condition == "*" {
                    status
                } else {
                    412
                };
                cases.push(("/metrics", condition, untagged));
            }
        }
        for (path, condition, expected) in cases {
            for method in ["GET", "HEAD"] {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nif-match: {condition}\r\nauthorization: Bearer {}\r\n\r\n",
                    world.root.secret.expose()
                );
                let (status, _, body) = ask(address, &request).await;
                assert_eq!(status, expected, "{method} {path} {condition}");
                let weak = body.contains("A weak entity tag (W/) never matches");
                let told = status == 412 && condition.starts_with('W') && method == "GET";
                assert_eq!(weak, told, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn a_failed_if_match_comes_before_if_none_match() {
    let world = World::new().await;
    let [(address, _), _] = listeners(&world).await;
    for (conditions, expected) in [
        ("if-match: \"1\"\r\nif-none-match: \"1\"\r\n", 304),
        ("if-match: \"2\"\r\nif-none-match: \"1\"\r\n", 412),
        ("if-match: \"1\"\r\nif-none-match: \"2\"\r\n", 200),
    ] {
        let request = format!(
            "GET /api/v1/api-tokens/current HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{conditions}authorization: Bearer {}\r\n\r\n",
            world.root.secret.expose()
        );
        assert_eq!(ask(address, &request).await.0, expected, "{conditions}");
    }
}
