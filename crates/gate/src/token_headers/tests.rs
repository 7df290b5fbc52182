//! Tests of the one decision about where a request carries its token.

use super::{
    BearerError::{Missing, NotText, Several},
    *,
};

type Lines = &'static [(&'static str, &'static [u8])];

fn headers(lines: Lines) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

fn read(allowed: &str, lines: Lines) -> Result<String, BearerError> {
    let allowed: TokenHeaders = allowed.parse().unwrap();
    allowed.read(&headers(lines)).map(|token| token.to_owned())
}

#[test]
fn by_default_only_one_bearer_is_taken() {
    let cases: [(Lines, Result<&str, BearerError>); 16] = [
        (&[], Err(Missing)),
        (&[("authorization", b"")], Err(Missing)),
        (&[("authorization", b"Basic eDp5")], Err(Missing)),
        (&[("authorization", b"Basic a, b")], Err(Missing)),
        (&[("authorization", b"Bearer")], Err(Missing)),
        (&[("authorization", b"Bearer  ")], Err(Missing)),
        (&[("authorization", b"Bearerx a")], Err(Missing)),
        (&[("authorization", b"Bearer a")], Ok("a")),
        (&[("authorization", b"bearer   a ")], Ok("a")),
        (&[("authorization", b"BEARER a")], Ok("a")),
        (
            &[
                ("authorization", b"Bearer a"),
                ("authorization", b"Bearer a"),
            ],
            Err(Several),
        ),
        (&[("authorization", b"Bearer a, Bearer b")], Err(Several)),
        (&[("authorization", b"Bearer \xff")], Err(NotText)),
        (&[("x-api-key", b"a")], Err(Missing)),
        (
            &[("authorization", b"Bearer a"), ("x-api-key", b"b")],
            Ok("a"),
        ),
        (
            &[("cookie", b"token=a"), ("proxy-authorization", b"Bearer a")],
            Err(Missing),
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(
            read("", lines).as_deref().map_err(|error| *error),
            expected,
            "{lines:?}"
        );
    }
}

#[test]
fn what_is_allowed_is_taken_alone_and_what_is_not_allowed_is_not_looked_at() {
    // `eDph` is `x:a`, `eDo=` is `x:`, `eA==` is `x`, and `eDphOmI=` is `x:a:b`.
    let both = "basic,x-api-key";
    let cases: [(&str, Lines, Result<&str, BearerError>); 24] = [
        ("basic", &[("authorization", b"Basic eDph")], Ok("a")),
        ("basic", &[("authorization", b"bAsIc  eDph ")], Ok("a")),
        ("basic", &[("authorization", b"Basic eDphOmI=")], Ok("a:b")),
        ("basic", &[("authorization", b"Basic eDo=")], Ok("")),
        ("basic", &[("authorization", b"Basic eA==")], Err(Missing)),
        ("basic", &[("authorization", b"Basic %")], Err(Missing)),
        ("basic", &[("authorization", b"Basic /w==")], Err(Missing)),
        (
            "basic",
            &[("authorization", b"Basic eDph, Basic eDph")],
            Err(Several),
        ),
        ("basic", &[("authorization", b"Bearer a")], Ok("a")),
        (
            "basic",
            &[("authorization", b"Basic eDph"), ("x-api-key", b"b")],
            Ok("a"),
        ),
        ("x-api-key", &[("x-api-key", b"a")], Ok("a")),
        ("x-api-key", &[("X-API-Key", b" a ")], Ok("a")),
        ("x-api-key", &[("x-api-key", b"")], Err(Missing)),
        ("x-api-key", &[("x-api-key", b"a, b")], Err(Several)),
        (
            "x-api-key",
            &[("x-api-key", b"a"), ("x-api-key", b"")],
            Err(Several),
        ),
        ("x-api-key", &[("x-api-key", b"\xff")], Err(NotText)),
        (
            "x-api-key",
            &[("authorization", b"Basic eDph"), ("x-api-key", b"b")],
            Ok("b"),
        ),
        (
            "x-api-key",
            &[("authorization", b"Bearer a"), ("x-api-key", b"")],
            Ok("a"),
        ),
        (
            "x-api-key",
            &[("authorization", b"Bearer a"), ("x-api-key", b"a")],
            Err(Several),
        ),
        (
            "x-api-key",
            &[("authorization", b"Bearer \xff"), ("x-api-key", b"a")],
            Err(Several),
        ),
        (
            both,
            &[("authorization", b"Basic eDph"), ("x-api-key", b"a")],
            Err(Several),
        ),
        (
            both,
            &[("authorization", b"Basic %"), ("x-api-key", b"a")],
            Err(Several),
        ),
        (
            "b-key,a-key",
            &[("a-key", b"a"), ("b-key", b"a")],
            Err(Several),
        ),
        ("b-key,a-key", &[("b-key", b"a")], Ok("a")),
    ];
    for (allowed, lines, expected) in cases {
        let token = read(allowed, lines);
        assert_eq!(
            token.as_deref().map_err(|error| *error),
            expected,
            "{allowed}: {lines:?}"
        );
    }
}

#[test]
fn the_order_of_the_list_decides_nothing() {
    let headers = |text: &str| text.parse::<TokenHeaders>().unwrap();
    let one = headers("basic,x-api-key,private-token");
    for other in [
        "Private-Token, X-API-Key, Basic",
        "x-api-key,BASIC,x-api-key,private-token",
    ] {
        assert_eq!(headers(other), one, "{other}");
        assert_eq!(headers(other).challenges(), one.challenges());
    }
    assert_eq!(headers(" "), TokenHeaders::default());
    assert_eq!(
        one.challenges(),
        [
            r#"Basic realm="countersign""#,
            r#"ApiKey realm="countersign", header="private-token""#,
            r#"ApiKey realm="countersign", header="x-api-key""#,
        ]
    );
}

#[test]
fn names_with_another_meaning_are_refused() {
    let refused = |text: &str| text.parse::<TokenHeaders>().unwrap_err();
    for text in [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Host",
        "Connection",
        "Transfer-Encoding",
        "TE",
        "Content-Type",
        "Content-Length",
        "If-Match",
        "X-Countersign-User-Id",
        "X-Countersign-Anything",
        "X-Forwarded-For",
        "Forwarded",
        "X-Request-Id",
        "Idempotency-Key",
        "traceparent",
        "Sec-Fetch-Site",
        "Origin",
    ] {
        assert!(
            matches!(refused(text), InvalidTokenHeader::Reserved(_)),
            "{text}"
        );
        assert!(matches!(
            refused(&format!("x-api-key,{text}")),
            InvalidTokenHeader::Reserved(_)
        ));
    }
    for text in [
        "x_api_key",
        "x api",
        "x-api-key,",
        ",",
        "1-key",
        "bearer token",
        "schlüssel",
    ] {
        assert!(
            matches!(refused(text), InvalidTokenHeader::Name(_)),
            "{text}"
        );
    }
    assert_eq!(refused("a-a,a-b,a-c,a-d,a-e"), InvalidTokenHeader::TooMany);
}

#[test]
fn credentials_are_hidden_and_picked_wherever_they_are() {
    let allowed: TokenHeaders = "x-api-key".parse().unwrap();
    let mut all = headers(&[
        ("authorization", b"Bearer a"),
        ("x-api-key", b"b"),
        ("x-api-key", b"c"),
        ("accept", b"*/*"),
    ]);
    assert!(allowed.are_in(&all));
    allowed.hide(&mut all);
    let shown = format!("{all:?}");
    assert!(
        !shown.contains('b') || !shown.contains("\"b\"") && !shown.contains("Bearer"),
        "{shown}"
    );
    let picked = allowed.picked(&all);
    assert_eq!((picked.len(), picked.contains_key("accept")), (3, false));
    assert!(!allowed.are_in(&headers(&[("accept", b"*/*")])));
    let token = TokenHeaders::default().read(&picked).unwrap();
    assert_eq!(format!("{token:?}"), "PresentedToken(hidden)");
}
