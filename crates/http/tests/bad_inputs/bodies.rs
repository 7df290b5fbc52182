//! Bodies of another type than announced, or too large: refused before they are read.

use serde_json::json;

use crate::harness::{Ask, Service, TOKENS, Wire, row};

const NOT_JSON: &str = "415 unsupported-media-type";
const TOO_LARGE: &str = "413 body-too-large";
const LARGEST: usize = 64 * 1024;

fn typed(ask: Ask, media: impl AsRef<[u8]>) -> Ask {
    ask.without("content-type").with("content-type", media)
}

#[tokio::test]
async fn media_types() {
    let service = Service::start().await;
    let edit = || async { service.edit(json!({})).await };
    let mut rows = vec![
        row("none", edit().await.without("content-type"), NOT_JSON),
        row(
            "two",
            edit().await.with("content-type", "application/json"),
            NOT_JSON,
        ),
    ];
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "json",
        "text/json",
        "application/jsonp",
        "application/json-patch+json",
        "application/problem+json",
        "application/json, text/plain",
        "application/json; charset=latin1",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=latin1",
        "application/json\u{e4}",
    ] {
        rows.push(row(media, typed(edit().await, media), NOT_JSON));
    }
    for media in [
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "APPLICATION/JSON",
        "application/json ; x=1",
    ] {
        rows.push(row(media, typed(edit().await, media), "200"));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn encoded_bodies_are_not_unpacked() {
    let service = Service::start().await;
    // The head of a gzip stream; whoever unpacked it would answer otherwise.
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], &*vec![0xff; 60_000]].concat();
    let mut rows = vec![row(
        "a bomb",
        service
            .edit(json!({}))
            .await
            .body(bomb)
            .with("content-encoding", "gzip"),
        NOT_JSON,
    )];
    for (coding, want) in [
        ("gzip", NOT_JSON),
        ("GZIP", NOT_JSON),
        ("deflate", NOT_JSON),
        ("br", NOT_JSON),
        ("identity, gzip", NOT_JSON),
        ("made-up", NOT_JSON),
        ("identity", "200"),
    ] {
        let ask = service
            .edit(json!({}))
            .await
            .with("content-encoding", coding);
        rows.push(row(coding, ask, want));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn at_most_64_kib() {
    let service = Service::start().await;
    let sized = async |length: usize| {
        let ask = service.edit(json!({})).await;
        let mut body = ask.body.clone().unwrap();
        body.resize(length, b' ');
        ask.body(body)
    };
    let query = |length: usize| {
        let body = format!("{{{:1$}}}", "", length - 2);
        service
            .ask("POST", format!("{TOKENS}/query"))
            .raw_json(body)
    };
    service
        .check([
            row("65,536", sized(LARGEST).await, "200"),
            row("65,537", sized(LARGEST + 1).await, TOO_LARGE),
            row("1 MB", sized(1 << 20).await, TOO_LARGE),
            row("a query of 65,536", query(LARGEST), "200"),
            row("a query of 65,537", query(LARGEST + 1), TOO_LARGE),
        ])
        .await;
}

/// What a client can still write after the service has refused its body: what lies in the buffers of both kernels.
const BUFFERED: usize = 16 << 20;

#[tokio::test]
async fn a_declared_giant_is_refused_unread() {
    let service = Service::start().await;
    for length in ["10737418240", "65537", "18446744073709551613"] {
        let ask = service.edit(json!({})).await;
        let before = service.writes().await;
        let head = Ask {
            body: Some(Vec::new()),
            ..ask
        }
        .with("content-length", length);
        let mut wire = Wire::open(service.address).await;
        wire.write(&head.bytes()).await;
        // Not a byte of the body is sent: the answer comes all the same, and then the end.
        let reply = wire.reply().await;
        assert_eq!(reply.outline(), TOO_LARGE, "{length}");
        assert_eq!(reply.flaws(&head), [""; 0], "{length}");
        assert_eq!(service.writes().await, before);
    }
}

#[tokio::test]
async fn endless_chunks_are_cut_off() {
    let service = Service::start().await;
    let ask = service.edit(json!({})).await;
    let before = service.writes().await;
    let head = Ask {
        body: Some(Vec::new()),
        ..ask
    }
    .with("transfer-encoding", "chunked");
    let mut wire = Wire::open(service.address).await;
    wire.write(&head.bytes()).await;
    let chunk = [&b"4000\r\n"[..], &[b' '; 0x4000], b"\r\n"].concat();
    let taken = wire.flood(&chunk, 2 * BUFFERED).await;
    assert!(taken < BUFFERED, "{taken} bytes were taken");
    assert_eq!(service.writes().await, before);
    // The answer may be lost to the reset that ends the flood, so it is asked for with little to throw away.
    let mut wire = Wire::open(service.address).await;
    wire.write(&head.bytes()).await;
    for _ in 0..5 {
        wire.write(&chunk).await;
    }
    assert_eq!(wire.reply().await.outline(), TOO_LARGE);
}

#[tokio::test]
async fn without_a_credential_no_body_is_read() {
    let service = Service::start().await;
    for (name, value) in [
        ("content-length", "10737418240"),
        ("transfer-encoding", "chunked"),
    ] {
        let head = Ask::new("POST", TOKENS).raw_json("").with(name, value);
        let mut wire = Wire::open(service.address).await;
        wire.write(&head.bytes()).await;
        assert_eq!(wire.reply().await.outline(), "401 missing-credential");
    }
}

#[tokio::test]
async fn bodies_where_none_is_expected_are_refused() {
    let service = Service::start().await;
    let victim = service.token().await;
    let id = victim.view.token.id.to_string();
    let get = service
        .ask("GET", format!("{TOKENS}/{id}"))
        .raw_json(r#"{"version": 9}"#);
    let refused = "400 invalid-body:  unexpected-body";
    service.check([row("GET", get, refused)]).await;
    let delete = service
        .ask("DELETE", format!("{TOKENS}/{id}"))
        .raw_json("[");
    service.check([row("DELETE", delete, refused)]).await;
    let bare = service.ask("DELETE", format!("{TOKENS}/{id}"));
    service.check([row("DELETE", bare, "204")]).await;
}

#[tokio::test]
async fn nobody_is_told_to_go_on_with_a_giant() {
    let service = Service::start().await;
    let ask = service.edit(json!({})).await.with("expect", "100-continue");
    let giant = Ask {
        body: Some(Vec::new()),
        ..ask.clone()
    }
    .with("content-length", "10737418240");
    let mut wire = Wire::open(service.address).await;
    wire.write(&giant.bytes()).await;
    assert_eq!(wire.reply().await.outline(), TOO_LARGE);
    let unknown = Ask {
        headers: Vec::new(),
        ..giant
    }
    .raw_json("")
    .with("expect", "100-continue")
    .with("content-length", "60");
    let mut wire = Wire::open(service.address).await;
    wire.write(&unknown.bytes()).await;
    assert_eq!(wire.reply().await.outline(), "401 missing-credential");
}

#[tokio::test]
async fn what_stands_behind_the_last_chunk_is_no_header() {
    let service = Service::start().await;
    let credential = format!("authorization: Bearer {}", service.root.secret.expose());
    let body = format!("2\r\n{{}}\r\n0\r\n{credential}\r\n\r\n");
    let ask = Ask::new("POST", format!("{TOKENS}/query"))
        .raw_json(body)
        .with("transfer-encoding", "chunked")
        .with("trailer", "authorization")
        .verbatim();
    assert_eq!(service.send(&ask).await.outline(), "401 missing-credential");
}
