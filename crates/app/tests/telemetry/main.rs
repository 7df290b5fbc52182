//! Traces as a collector gets them: spans that belong to their callers' traces and hold no secret,
//! none unless they are wanted, and no harm if the collector is away.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod real;
mod receiver;

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use common::{Node, On, TOKENS, answered, in_a_year, until};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use receiver::{Receiver, attributes};
use reqwest::{Client, Method};
use serde_json::json;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const SILENCE: &str = "the collector takes no traces";

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

fn node(endpoint: &str) -> Node {
    let environment = [
        ("COUNTERSIGN_OTLP_ENDPOINT", endpoint),
        ("COUNTERSIGN_LOG", "trace"),
        ("COUNTERSIGN_SHUTDOWN_GRACE_SECONDS", "2"),
    ];
    Node::start_with(On::Sqlite, &environment)
}

/// A span that answers a request under the known trace.
fn server<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| {
        let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
        panic!("no span {name} among {names:?}")
    })
}

#[tokio::test]
async fn a_request_is_a_span_of_its_callers_trace() {
    let receiver = Receiver::start();
    let mut node = node(&receiver.endpoint());
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let canary = "csg_canary0canary1canary2canary3canary4canary5canary6";
    let current = node
        .request(Method::GET, &format!("{TOKENS}/current"))
        .header("traceparent", &parent)
        .header("tracestate", format!("k={canary}"))
        .header("user-agent", canary)
        .send();
    answered(current.await.unwrap(), 200).await;
    let body =
        json!({"name": "Made", "expiry": in_a_year(), "permissions": ["api.api-tokens.read"]});
    let made = node.request(Method::POST, TOKENS).json(&body).send();
    let made = answered(made.await.unwrap(), 201).await;
    let nowhere = node
        .request(Method::GET, &format!("/{canary}?token={canary}"))
        .send();
    assert_eq!(nowhere.await.unwrap().status(), 404);
    let not_sampled = node
        .request(Method::GET, "/health/ready")
        .header("traceparent", parent.replace("-01", "-00"))
        .send();
    assert_eq!(not_sampled.await.unwrap().status(), 200);
    // What is left is sent at the end: nobody waits for the interval.
    assert!(node.server.terminate().unwrap().success());

    let all = receiver.spans();
    let resource = attributes(&all[0].0.attributes);
    assert_eq!(resource["service.name"], "countersign");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    let spans: Vec<Span> = all.into_iter().map(|(_, span)| span).collect();

    let asked = server(&spans, "GET /api/v1/api-tokens/current");
    assert_eq!(hexadecimal(&asked.trace_id), TRACE);
    assert_eq!(hexadecimal(&asked.parent_span_id), CALLER);
    assert_eq!(asked.kind(), SpanKind::Server);
    assert_eq!(asked.trace_state, "");
    let told = attributes(&asked.attributes);
    let id = told["countersign.request.id"].clone();
    let token = told["countersign.token.id"].clone();
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/api/v1/api-tokens/current"),
        ("http.response.status_code", "200"),
        ("url.scheme", "http"),
        ("client.address", "127.0.0.1"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    let mut names: Vec<_> = told.keys().copied().collect();
    names.sort_unstable();
    let known = [
        "client.address",
        "countersign.request.id",
        "countersign.token.id",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "url.scheme",
    ];
    assert_eq!(names, known);
    let child = spans
        .iter()
        .find(|span| span.parent_span_id == asked.span_id);
    let child = child.expect("the store was asked");
    assert_eq!(child.trace_id, asked.trace_id);
    assert_eq!(child.kind(), SpanKind::Client);
    assert_eq!(attributes(&child.attributes)["db.system.name"], "sqlite");

    let created = server(&spans, "POST /api/v1/api-tokens");
    assert_ne!(hexadecimal(&created.trace_id), TRACE);
    assert!(created.parent_span_id.is_empty());
    let commit = spans
        .iter()
        .find(|span| span.name == "commit" && span.parent_span_id == created.span_id);
    assert_eq!(
        commit.expect("a change is committed").trace_id,
        created.trace_id
    );

    let lost = server(&spans, "GET");
    assert_eq!(
        attributes(&lost.attributes)["http.response.status_code"],
        "404"
    );
    // A client's mistake is none of the server's.
    assert_eq!(
        lost.status.clone().unwrap_or_default().code(),
        StatusCode::Unset
    );
    let of_caller = spans
        .iter()
        .filter(|span| hexadecimal(&span.trace_id) == TRACE);
    assert!(of_caller.clone().count() > 1);
    for span in of_caller {
        assert!(!span.name.contains("ready"), "its caller wanted no span");
    }

    let (raw, log) = (receiver.raw(), node.server.log().unwrap());
    assert!(raw.contains("POST /v1/traces HTTP/1.1"));
    assert!(log.contains(&id) && log.contains(&token));
    let secret = made["token"].as_str().unwrap();
    for secret in [canary, &node.root, secret] {
        assert!(!raw.contains(&secret[4..20]), "{secret} was sent");
        assert!(!log.contains(&secret[4..20]), "{secret} was logged");
    }
}

#[tokio::test]
async fn nothing_is_sent_unless_a_setting_asks_for_it() {
    let receiver = Receiver::start();
    // The standard variable alone is no setting of ours.
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut node = Node::start_with(On::Sqlite, &environment);
    let current = node.request(Method::GET, &format!("{TOKENS}/current"));
    answered(current.send().await.unwrap(), 200).await;
    assert!(node.server.terminate().unwrap().success());
    assert_eq!(receiver.connections(), 0);
}

/// Asks so often that the spans are more than may wait.
async fn crowd(node: &Node) {
    let client = Client::builder().no_proxy().build().unwrap();
    for _ in 0..1500 {
        let request = client.get(format!("{}/health/ready", node.server.url()));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

fn silences(node: &Node) -> usize {
    node.server.log().unwrap().matches(SILENCE).count()
}

#[tokio::test]
async fn a_collector_that_hangs_holds_nothing_up() {
    // Connections are made and never answered.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut node = node(&format!("http://{}", deaf.local_addr().unwrap()));
    crowd(&node).await;
    until("the silence is told", || silences(&node) == 1);
    crowd(&node).await;
    let begin = Instant::now();
    assert!(node.server.terminate().unwrap().success());
    // The grace period and a second, and something for the machine.
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(silences(&node), 1);
    let log = node.server.log().unwrap();
    let feed_failed = log.contains("the feed of changes is silent");
    assert!(!feed_failed, "nothing asks the store that is closed");
}

#[tokio::test]
async fn a_collector_that_comes_back_gets_what_comes_then() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let mut node = node(&format!("http://{address}"));
    crowd(&node).await;
    until("the silence is told", || silences(&node) == 1);
    let receiver = Receiver::at(address);
    let end = Instant::now() + Duration::from_secs(30);
    while receiver.heads().is_empty() {
        assert!(Instant::now() < end, "traces never came again");
        let ready = node.request(Method::GET, "/health/ready").send();
        assert_eq!(ready.await.unwrap().status(), 200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let current = node.request(Method::GET, &format!("{TOKENS}/current"));
    answered(current.send().await.unwrap(), 200).await;
    assert!(node.server.terminate().unwrap().success());
    let spans = receiver.spans();
    let last = "GET /api/v1/api-tokens/current";
    let names: Vec<_> = spans.iter().map(|(_, span)| &span.name).collect();
    assert!(
        names.iter().any(|name| *name == last),
        "{} {:?}",
        names.len(),
        names.last()
    );
    assert_eq!(silences(&node), 1);
    let log = node.server.log().unwrap();
    assert_eq!(log.matches("takes traces again").count(), 1);
}
