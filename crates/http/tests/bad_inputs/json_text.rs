//! Texts that are no JSON, or that two parsers would read differently.

use serde_json::json;

use crate::harness::{Ask, OWN, Service, TOKENS, row};

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

pub(crate) async fn check(service: &Service, cases: &[(u16, &str, &[u8], &str)]) {
    let mut rows = Vec::new();
    for (line, what, body, want) in cases {
        rows.push(row(*line, *what, edit(service, body).await, *want));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn a_body_is_an_object() {
    let service = Service::start().await;
    let cases: [(u16, &str, &[u8], &str); 9] = [
        (26, "empty", b"", MALFORMED),
        (26, "null", b"null", NO_OBJECT),
        (26, "[]", b"[]", NO_OBJECT),
        (26, "a text", b"\"x\"", NO_OBJECT),
        (26, "a number", b"3", NO_OBJECT),
        (OWN, "a boolean", b"true", NO_OBJECT),
        (OWN, "blanks", b" \n", MALFORMED),
        (
            OWN,
            "{}",
            b"{}",
            "400 invalid-body: /version missing-field, /name missing-field",
        ),
        (OWN, "an object in an array", b"[{%}]", NO_OBJECT),
    ];
    check(&service, &cases).await;
    let creating = service.ask("POST", TOKENS);
    let querying = service.ask("POST", format!("{TOKENS}/query"));
    let mut rows = Vec::new();
    for body in ["", "null", "[]", "\"x\"", "3"] {
        rows.push(row(
            26,
            format!("creating: {body}"),
            creating.clone().raw_json(body),
            if body.is_empty() {
                MALFORMED
            } else {
                NO_OBJECT
            },
        ));
        rows.push(row(
            26,
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
            (34, "trailing comma", b"{%,}", MALFORMED),
            (34, "comment", b"{% /* why */}", MALFORMED),
            (34, "line comment", b"{%} // why", MALFORMED),
            (34, "NaN", br#"{"version": NaN, "name": "x"}"#, MALFORMED),
            (
                34,
                "Infinity",
                br#"{"version": -Infinity, "name": "x"}"#,
                MALFORMED,
            ),
            (
                34,
                "1e999",
                br#"{"version": 1e999, "name": "x"}"#,
                MALFORMED,
            ),
            (
                34,
                "1e999 in what is ignored",
                br#"{%, "partialToken": [-1e999]}"#,
                MALFORMED,
            ),
            (34, "text behind", b"{%} x", MALFORMED),
            (34, "a second object", b"{%}{%}", MALFORMED),
            (OWN, "NUL behind", b"{%}\0", MALFORMED),
            (
                OWN,
                "single quotes",
                b"{'version': 1, 'name': 'x'}",
                MALFORMED,
            ),
            (OWN, "bare keys", b"{version: 1, name: \"x\"}", MALFORMED),
            (
                OWN,
                "leading zero",
                br#"{"version": 01, "name": "x"}"#,
                MALFORMED,
            ),
            (OWN, "plus", br#"{"version": +1, "name": "x"}"#, MALFORMED),
            (
                OWN,
                "hexadecimal",
                br#"{"version": 0x1, "name": "x"}"#,
                MALFORMED,
            ),
            (
                OWN,
                "a bare point",
                br#"{"version": 1., "name": "x"}"#,
                MALFORMED,
            ),
            (
                OWN,
                "a raw line break in a text",
                b"{\"version\": 1, \"name\": \"a\nb\"}",
                MALFORMED,
            ),
            (OWN, "True", br#"{%, "x": True}"#, MALFORMED),
            (OWN, "no end", b"{%", MALFORMED),
            (OWN, "a form feed", b"{%\x0c}", MALFORMED),
            (OWN, "blanks around", b" \t\r\n{%} \n", "200"),
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
            (OWN, "twice", br#"{%, "version": 2}"#, MALFORMED),
            (OWN, "the same twice", br#"{%, "version": 1}"#, MALFORMED),
            (
                OWN,
                "escaped the second time",
                br#"{%, "\u0076ersion": 1}"#,
                MALFORMED,
            ),
            (
                OWN,
                "escaped only",
                br#"{"\u0076ersion": 1, "n\u0061me": "by escapes"}"#,
                "200",
            ),
            (
                OWN,
                "in what is ignored",
                br#"{%, "createdUserInfo": {"a": 1, "a": 2}}"#,
                MALFORMED,
            ),
            (OWN, "unknown, twice", br#"{%, "x": 1, "x": 1}"#, MALFORMED),
            (
                OWN,
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
    let rows = cases.map(|body| row(OWN, body, query.clone().raw_json(body), MALFORMED));
    service.check(rows).await;
}
