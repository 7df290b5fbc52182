//! Bytes that are not HTTP, or HTTP that two parsers would read differently: they are refused at
//! the edge.

use serde_json::json;

use crate::harness::{Ask, Service, Wire, row};

/// How many answers came before the end of the connection, and the status of the first.
async fn answers(service: &Service, bytes: &[u8]) -> (usize, u16) {
    let mut wire = Wire::open(service.address).await;
    wire.write(bytes).await;
    wire.end().await;
    let text = String::from_utf8_lossy(&wire.read_to_end().await).into_owned();
    let count = text.matches("HTTP/1.1 ").count() + text.matches("HTTP/1.0 ").count();
    let status = text.get(9..12).and_then(|status| status.parse().ok());
    (count, status.unwrap_or(0))
}

#[tokio::test]
async fn what_is_no_http() {
    let service = Service::start().await;
    let cases: [&[u8]; 14] = [
        b"\0\0\0\0\r\n\r\n",
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nho st: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: a\rb\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"G\xc3\x84T / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nhost: x\r\n\r\n",
    ];
    for bytes in cases {
        let (count, status) = answers(&service, bytes).await;
        let shown = String::from_utf8_lossy(bytes);
        assert!(count <= 1, "{shown}");
        assert!(
            status == 0 || (400..500).contains(&status),
            "{shown}: {status}"
        );
    }
    let alive = service.ask("GET", "/api/v1/api-tokens/current");
    service
        .check([row("and the service lives", alive, "200")])
        .await;
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_body() {
    let service = Service::start().await;
    let victim = service.token().await;
    let delete = service.ask("DELETE", crate::harness::path_of(&victim));
    let hidden = delete.bytes();
    let put = || service.ask("PUT", "/api/v1/api-tokens/abc").raw_json("");
    let lengths = |lines: &[(&str, &str)], body: &[u8]| {
        let ask = lines
            .iter()
            .fold(put(), |ask, (name, value)| ask.with(name, value));
        ask.body(body).keeping_open()
    };
    let before = service.writes().await;
    let chunk_end = [b"0\r\n\r\n", &*hidden].concat();
    let cases: [(&str, Vec<u8>); 9] = [
        (
            "two lengths",
            lengths(
                &[("content-length", "0"), ("content-length", "500")],
                &hidden,
            ),
        ),
        (
            "a list of lengths",
            lengths(&[("content-length", "0, 500")], &hidden),
        ),
        ("+0", lengths(&[("content-length", "+0")], &hidden)),
        ("-1", lengths(&[("content-length", "-1")], &hidden)),
        ("0x0", lengths(&[("content-length", "0x0")], &hidden)),
        (
            "both",
            lengths(
                &[("content-length", "5"), ("transfer-encoding", "chunked")],
                &chunk_end,
            ),
        ),
        (
            "chunked, but not last",
            lengths(&[("transfer-encoding", "chunked, identity")], &chunk_end),
        ),
        (
            "xchunked",
            lengths(&[("transfer-encoding", "xchunked")], &chunk_end),
        ),
        (
            "a chunk of no size",
            lengths(
                &[("transfer-encoding", "chunked")],
                &[b"x\r\n", &*hidden].concat(),
            ),
        ),
    ];
    for (what, bytes) in cases {
        let (count, status) = answers(&service, &bytes).await;
        assert!(count <= 1, "{what}: {count} answers");
        assert!(
            status == 0 || (400..500).contains(&status),
            "{what}: {status}"
        );
        assert_eq!(
            service.writes().await,
            before,
            "{what}: the hidden request was done"
        );
    }
    service
        .check([row(
            "the victim lives",
            service.ask("GET", delete.target),
            "200",
        )])
        .await;
}

#[tokio::test]
async fn http_of_other_forms() {
    let service = Service::start().await;
    let id = service.root.view.token.id.to_string();
    let absolute = format!("http://elsewhere.example/api/v1/api-tokens/{id}");
    service
        .check([
            row(
                "an absolute target",
                service.ask("GET", absolute).verbatim(),
                json!({"id": id}),
            ),
            row(
                "options of everything",
                Ask::new("OPTIONS", "*").verbatim(),
                "404 no-such-route",
            ),
            row(
                "a fragment",
                service
                    .ask("GET", "/api/v1/api-tokens/current#x")
                    .verbatim(),
                "200",
            ),
        ])
        .await;
    let (count, status) = answers(
        &service,
        b"CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n",
    )
    .await;
    assert!(
        count == 1 && (400..500).contains(&status),
        "CONNECT: {status}"
    );
    let (count, status) = answers(&service, b"GET /health/live HTTP/1.0\r\n\r\n").await;
    assert_eq!((count, status), (1, 200), "HTTP/1.0");
}

#[tokio::test]
async fn a_body_that_breaks_off_writes_nothing() {
    let service = Service::start().await;
    let whole = service.edit(json!({"name": "cut"})).await;
    let bytes = whole.bytes();
    let before = service.writes().await;
    for missing in [1, 10, whole.body.as_ref().unwrap().len()] {
        let mut wire = Wire::open(service.address).await;
        wire.write(&bytes[..bytes.len() - missing]).await;
        wire.end().await;
        wire.read_to_end().await;
        // Whoever hangs up at once is not even told.
        let mut wire = Wire::open(service.address).await;
        wire.write(&bytes[..bytes.len() - missing]).await;
        drop(wire);
    }
    let extra = [bytes.as_slice(), b"GARBAGE\r\n\r\n"].concat();
    assert_eq!(service.writes().await, before);
    let (count, status) = answers(&service, &extra).await;
    assert_eq!(
        (count, status),
        (1, 200),
        "what follows the body of a closed connection is no request"
    );
}
