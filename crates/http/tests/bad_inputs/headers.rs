//! Headers that try to get into the log or the answer, or that are too large.

use serde_json::json;

use crate::harness::{Ask, Service, TOKENS, row};

#[tokio::test]
async fn a_request_id_is_taken_over_only_when_it_is_a_sane_one() {
    let service = Service::start().await;
    let current = || service.ask("GET", "/api/v1/api-tokens/current");
    let longest = "a".repeat(128);
    for sane in [
        "a",
        "req-1_2.3:4",
        "01900000-0000-7000-8000-000000000000",
        &longest,
    ] {
        let (reply, flaws) = service.watch(&current().with("x-request-id", sane)).await;
        assert_eq!(flaws, [""; 0]);
        assert_eq!(reply.header("x-request-id"), Some(sane));
    }
    let long = "a".repeat(129);
    let odd: [&[u8]; 11] = [
        b"",
        b" ",
        b"two words",
        b"<script>alert(1)</script>",
        b"a\tb",
        b"{\"level\":\"ERROR\"}",
        b"a;b",
        b"%0d%0aX-Admin: 1",
        "\u{e4}".as_bytes(),
        b"\xff",
        long.as_bytes(),
    ];
    for odd in odd {
        let (reply, flaws) = service.watch(&current().with("x-request-id", odd)).await;
        let own = reply.header("x-request-id").unwrap();
        assert_eq!((reply.status, flaws), (200, Vec::new()), "{odd:?}");
        assert_ne!(own.as_bytes(), odd);
    }
    let secret = current().with("x-request-id", service.root.secret.expose());
    let (_, flaws) = service.watch(&secret).await;
    assert_eq!(flaws, [""; 0], "a secret is no id");
    let twice = current()
        .with("x-request-id", "a")
        .with("x-request-id", "b");
    let (reply, flaws) = service.watch(&twice).await;
    assert_eq!(flaws, [""; 0]);
    assert!(!["a", "b"].contains(&reply.header("x-request-id").unwrap()));
}

#[tokio::test]
async fn an_odd_request_id_does_not_get_into_the_history() {
    let service = Service::start().await;
    let ask = service.edit(json!({"name": "renamed"})).await;
    let target = format!("{}/events", ask.target);
    let reply = service
        .send(&ask.with("x-request-id", "'); DROP TABLE audit_events;--"))
        .await;
    assert_eq!(reply.status, 200);
    let events = service.send(&service.ask("GET", target)).await.json();
    let kept = events["content"][0]["requestId"].as_str().unwrap();
    assert_eq!(Some(kept), reply.header("x-request-id"));
}

#[tokio::test]
async fn what_is_too_long_or_too_many() {
    let service = Service::start().await;
    let long = format!("{TOKENS}/{}", "a".repeat(16_000));
    let too_long = "414 uri-too-long";
    let query = format!("{TOKENS}?cursor={}", "a".repeat(16_000));
    let fields = |count: usize| {
        (0..count).fold(service.ask("GET", TOKENS), |ask, n| {
            ask.with(&format!("x-{n}"), "1")
        })
    };
    service
        .check([
            row("16 kB of path", service.ask("GET", long.as_str()), too_long),
            row(
                "16 kB of path, without a credential",
                Ask::new("GET", long),
                too_long,
            ),
            row("16 kB of query", service.ask("GET", query), too_long),
            row("60 headers", fields(60), "200"),
        ])
        .await;
    let one = |length: usize| {
        service
            .ask("GET", TOKENS)
            .with("x-long", "a".repeat(length))
    };
    service
        .check([row("8 kB of header", one(8000), "200")])
        .await;
    for (what, ask) in [
        ("64 kB of header", one(64_000)),
        ("200 headers", fields(200)),
        ("10,000 headers", fields(10_000)),
        (
            "a name of 64 kB",
            service.ask("GET", TOKENS).with(&"x".repeat(64_000), "1"),
        ),
        (
            "1 MB of path",
            service.ask("GET", format!("/{}", "a".repeat(1 << 20))),
        ),
    ] {
        // Refused by the parser, which has no words for it; the rest of a flood may be cut off with a reset.
        let reply = service.send(&ask.verbatim()).await;
        let expected: &[u16] = if what.ends_with("path") {
            &[414, 431]
        } else {
            &[431]
        };
        assert!(expected.contains(&reply.status), "{what}: {}", reply.status);
    }
    service
        .check([row("and the service lives", fields(1), "200")])
        .await;
}

#[tokio::test]
async fn headers_that_mean_nothing_here_do_nothing() {
    let service = Service::start().await;
    let victim = service.token().await;
    let get = || service.ask("GET", crate::harness::path_of(&victim));
    let mut rows = Vec::new();
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("x-original-url", "/api/v1/api-tokens"),
        ("x-rewrite-url", "/api/v1/api-tokens"),
        ("x-forwarded-host", "evil.example"),
        ("x-tenant", "away"),
        ("range", "bytes=0-0"),
        ("expect", "nothing"),
        ("upgrade", "h2c"),
        ("origin", "https://evil.example"),
        ("content-length", "0"),
        ("te", "trailers"),
        ("priority", "\u{e4}"),
    ] {
        let id = victim.view.token.id.to_string();
        let ask = get().with(name, value).verbatim();
        rows.push(row(name, ask.clone(), json!({"id": id})));
        let reply = service.send(&ask).await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{name}");
    }
    service.check(rows).await;
}
