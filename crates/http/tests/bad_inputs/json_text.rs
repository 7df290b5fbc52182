//! Texts that are not JSON, or that two parsers would read differently.

use serde_json::json;

use crate::harness::{Ask, Service, TOKENS, row};

pub(crate) const MALFORMED: &str = "400 malformed-json";
const NO_OBJECT: &str = "400 invalid-body:  wrong-type";

/// The change of a fresh token, its body written by hand; `%` stands for the members that are needed.
async fn edit(service: &Service, body: &[u8]) -> Ask {
    let name = service.fresh_name();
    let needed = format!(r#""version": 1, "name": "{name}""#);
    let mut written = Vec::new();
    for (index, part) in body.split(|byte| *byte == b'%').enumerate() {
        if index > 0 {
            written.extend(needed.as_bytes());
        }
        written.extend(part);
    }
    service.edit(json!({})).await.raw_json(written)
}

pub(crate) async fn check(service: &Service, cases: &[(&str, &[u8], &str)]) {
    let mut rows = Vec::new();
    for (what, body, want) in cases {
        rows.push(row(*what, edit(service, body).await, *want));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn a_body_is_an_object() {
    let service = Service::start().await;
    let cases: [(&str, &[u8], &str); 9] = [
        ("empty", b"", MALFORMED),
        ("null", b"null", NO_OBJECT),
        ("[]", b"[]", NO_OBJECT),
        ("a text", b"\"x\"", NO_OBJECT),
        ("a number", b"3", NO_OBJECT),
        ("a boolean", b"true", NO_OBJECT),
        ("blanks", b" \n", MALFORMED),
        (
            "{}",
            b"{}",
            "400 invalid-body: /version missing-field, /name missing-field",
        ),
        ("an object in an array", b"[{%}]", NO_OBJECT),
    ];
    check(&service, &cases).await;
    let creating = service.ask("POST", TOKENS);
    let querying = service.ask("POST", format!("{TOKENS}/query"));
    let mut rows = Vec::new();
    for body in ["", "null", "[]", "\"x\"", "3"] {
        rows.push(row(
            format!("creating: {body}"),
            creating.clone().raw_json(body),
            if body.is_empty() {
                MALFORMED
            } else {
                NO_OBJECT
            },
        ));
        rows.push(row(
            format!("querying: {body}"),
            querying.clone().raw_json(body),
            if body.is_empty() {
                MALFORMED
            } else {
                "400 invalid-parameter"
            },
        ));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn what_only_lenient_parsers_take() {
    let service = Service::start().await;
    check(
        &service,
        &[
            ("trailing comma", b"{%,}", MALFORMED),
            ("comment", b"{% /* why */}", MALFORMED),
            ("line comment", b"{%} // why", MALFORMED),
            ("NaN", br#"{"version": NaN, "name": "x"}"#, MALFORMED),
            (
                "Infinity",
                br#"{"version": -Infinity, "name": "x"}"#,
                MALFORMED,
            ),
            ("1e999", br#"{"version": 1e999, "name": "x"}"#, MALFORMED),
            (
                "1e999 in what is ignored",
                br#"{%, "partialToken": [-1e999]}"#,
                MALFORMED,
            ),
            ("text behind", b"{%} x", MALFORMED),
            ("a second object", b"{%}{%}", MALFORMED),
            ("NUL behind", b"{%}\0", MALFORMED),
            ("single quotes", b"{'version': 1, 'name': 'x'}", MALFORMED),
            ("bare keys", b"{version: 1, name: \"x\"}", MALFORMED),
            (
                "leading zero",
                br#"{"version": 01, "name": "x"}"#,
                MALFORMED,
            ),
            ("plus", br#"{"version": +1, "name": "x"}"#, MALFORMED),
            (
                "hexadecimal",
                br#"{"version": 0x1, "name": "x"}"#,
                MALFORMED,
            ),
            (
                "a bare point",
                br#"{"version": 1., "name": "x"}"#,
                MALFORMED,
            ),
            (
                "a raw line break in a text",
                b"{\"version\": 1, \"name\": \"a\nb\"}",
                MALFORMED,
            ),
            ("True", br#"{%, "x": True}"#, MALFORMED),
            ("no end", b"{%", MALFORMED),
            ("a form feed", b"{%\x0c}", MALFORMED),
            ("blanks around", b" \t\r\n{%} \n", "200"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_key_stands_once_however_it_is_written() {
    let service = Service::start().await;
    check(
        &service,
        &[
            ("twice", br#"{%, "version": 2}"#, MALFORMED),
            ("the same twice", br#"{%, "version": 1}"#, MALFORMED),
            (
                "escaped the second time",
                br#"{%, "\u0076ersion": 1}"#,
                MALFORMED,
            ),
            (
                "escaped only",
                br#"{"\u0076ersion": 1, "n\u0061me": "by escapes"}"#,
                "200",
            ),
            (
                "in what is ignored",
                br#"{%, "createdUserInfo": {"a": 1, "a": 2}}"#,
                MALFORMED,
            ),
            ("unknown, twice", br#"{%, "x": 1, "x": 1}"#, MALFORMED),
            (
                "another case",
                br#"{%, "Version": 2}"#,
                "400 invalid-body: /Version unknown-field ~version",
            ),
        ],
    )
    .await;
    let query = service.ask("POST", format!("{TOKENS}/query"));
    let cases = [
        r#"{"name": "a", "name": "b"}"#,
        r#"{"name": {"$eq": "a", "$eq": "b"}}"#,
        r#"{"$and": [{"name": "a", "n\u0061me": "b"}]}"#,
        r#"{"$or": [], "$or": []}"#,
    ];
    let rows = cases.map(|body| row(body, query.clone().raw_json(body), MALFORMED));
    service.check(rows).await;
}
