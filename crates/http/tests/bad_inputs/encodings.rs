//! Bodies that are nested too deeply for a parser's stack, or in another encoding than UTF-8.

use crate::{
    harness::{Service, TOKENS, row},
    json_text::{MALFORMED, check},
};

#[tokio::test]
async fn depth() {
    let service = Service::start().await;
    let nested = |open: &str, close: &str, depth: usize| {
        let text = format!(
            "{{%, \"x\": {}{}}}",
            open.repeat(depth - 1),
            close.repeat(depth - 1)
        );
        text.into_bytes()
    };
    let objects = |depth: usize| {
        let text = format!(
            "{{%, \"x\": {}1{}}}",
            "{\"x\":".repeat(depth - 1),
            "}".repeat(depth - 1)
        );
        text.into_bytes()
    };
    check(
        &service,
        &[
            ("129", &nested("[", "]", 129), MALFORMED),
            ("30,000 that close", &nested("[", "]", 30_000), MALFORMED),
            ("60,000 open", &vec![b'['; 60_000], MALFORMED),
            (
                "60,000 in a field",
                format!("{{\"x\": {}", "[".repeat(60_000)).as_bytes(),
                MALFORMED,
            ),
            ("129 objects", &objects(129), MALFORMED),
            (
                "100",
                &nested("[", "]", 100),
                "400 invalid-body: /x unknown-field",
            ),
        ],
    )
    .await;
    let query = service.ask("POST", format!("{TOKENS}/query"));
    let deep = format!("{}{{}}{}", "{\"$and\":[".repeat(5_000), "]}".repeat(5_000));
    service
        .check([row("a deep filter", query.raw_json(deep), MALFORMED)])
        .await;
}

#[tokio::test]
async fn encodings() {
    let service = Service::start().await;
    let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| {
        text.encode_utf16().flat_map(order).collect::<Vec<u8>>()
    };
    let text = r#"{"version": 1, "name": "x"}"#;
    check(
        &service,
        &[
            ("a lone byte", b"{%, \"name2\": \"\xff\"}", MALFORMED),
            (
                "a byte in the name",
                b"{\"version\": 1, \"name\": \"a\xc3\"}",
                MALFORMED,
            ),
            (
                "overlong",
                b"{\"version\": 1, \"name\": \"\xc0\xaf\"}",
                MALFORMED,
            ),
            (
                "a surrogate in UTF-8",
                b"{\"version\": 1, \"name\": \"\xed\xa0\x80\"}",
                MALFORMED,
            ),
            ("BOM", b"\xef\xbb\xbf{%}", MALFORMED),
            ("UTF-16 LE", &utf16(text, u16::to_le_bytes), MALFORMED),
            (
                "UTF-16 BE with BOM",
                &utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
                MALFORMED,
            ),
            (
                "lone surrogate",
                br#"{"version": 1, "name": "a\ud800"}"#,
                MALFORMED,
            ),
            (
                "low surrogate",
                br#"{"version": 1, "name": "\udc00a"}"#,
                MALFORMED,
            ),
            (
                "surrogates the wrong way round",
                br#"{"version": 1, "name": "\udc00\ud800"}"#,
                MALFORMED,
            ),
            (
                "surrogate in a list",
                br#"{%, "permissions": ["\ud83d"]}"#,
                MALFORMED,
            ),
            (
                "surrogate in what is ignored",
                br#"{%, "createdUserInfo": {"userName": ["\ud800"]}}"#,
                MALFORMED,
            ),
            ("surrogate in a key", br#"{%, "\ud800": 1}"#, MALFORMED),
            (
                "a whole pair",
                br#"{"version": 1, "name": "escaped \ud83d\ude00"}"#,
                "200",
            ),
            (
                "an unknown escape",
                br#"{"version": 1, "name": "\x41"}"#,
                MALFORMED,
            ),
            (
                "a cut escape",
                br#"{"version": 1, "name": "\u00"}"#,
                MALFORMED,
            ),
        ],
    )
    .await;
}
