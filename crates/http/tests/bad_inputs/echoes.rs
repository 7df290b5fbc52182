//! Secrets in wrong places: clients do that, and neither an answer nor the log repeats them.

use serde_json::{Value, json};

use crate::harness::{Ask, Service, TOKENS, path_of, row};

fn keyed(key: &str, value: Value) -> Value {
    let mut fields = json!({});
    fields[key] = value;
    fields
}

#[tokio::test]
async fn in_a_body() {
    let service = Service::start().await;
    let secret = service.root.secret.expose();
    let query = |filter: Value| service.ask("POST", format!("{TOKENS}/query")).json(&filter);
    let mut rows = vec![
        row(
            "a filter's field",
            query(keyed(secret, json!(1))),
            "400 invalid-parameter",
        ),
        row(
            "deeper",
            query(json!({"$or": [keyed(secret, json!(1))]})),
            "400 invalid-parameter",
        ),
        row(
            "an operator",
            query(json!({"name": keyed(secret, json!(1))})),
            "400 invalid-parameter",
        ),
        row(
            "an id",
            query(json!({"id": secret})),
            "400 invalid-parameter: /id invalid-id",
        ),
        row(
            "a partial token",
            query(json!({"partialToken": secret})),
            "200",
        ),
    ];
    for (fields, want) in [
        (keyed(secret, json!(1)), "400 invalid-body"),
        (keyed(&format!("/~{secret}"), json!(1)), "400 invalid-body"),
        (
            json!({"version": secret}),
            "400 invalid-body: /version wrong-type",
        ),
        (
            json!({"version": [secret]}),
            "400 invalid-body: /version wrong-type",
        ),
        (
            json!({"expiry": secret}),
            "400 invalid-body: /expiry invalid-date-time",
        ),
        (
            json!({"permissions": [secret]}),
            "422 rule-violated: /permissions/0 unknown-permission",
        ),
        (
            json!({"permissions": secret}),
            "400 invalid-body: /permissions wrong-type",
        ),
        (
            json!({"allowedAddresses": [secret]}),
            "422 rule-violated: /allowedAddresses/0 invalid-address",
        ),
        (
            json!({"allowedAddresses": {"x": secret}}),
            "400 invalid-body: /allowedAddresses wrong-type",
        ),
        (
            json!({"name": format!("{secret}\0")}),
            "422 rule-violated: /name invalid-name",
        ),
    ] {
        rows.push(row(fields.to_string(), service.edit(fields).await, want));
    }
    let twice = format!(r#"{{"{secret}": 1, "{secret}": 2}}"#);
    let ask = service.edit(json!({})).await;
    rows.push(row(
        "a doubled key",
        ask.clone().raw_json(twice),
        "400 malformed-json",
    ));
    rows.push(row("no JSON", ask.raw_json(secret), "400 malformed-json"));
    service.check(rows).await;
}

#[tokio::test]
async fn in_a_path_or_a_query() {
    let service = Service::start().await;
    let secret = service.root.secret.expose();
    let list = |query: &str| {
        service
            .ask("GET", TOKENS)
            .query(&query.replace('%', secret))
    };
    let edit = service.edit(json!({})).await;
    service
        .check([
            row(
                "an id",
                service.ask("GET", format!("{TOKENS}/{secret}")),
                "404 token-not-found",
            ),
            row(
                "a route",
                service.ask("GET", format!("/{secret}")),
                "404 no-such-route",
            ),
            row(
                "a method",
                service.ask(secret, path_of(&service.root)).verbatim(),
                "405 method-not-allowed",
            ),
            row("a value", list("access_token=%"), "400 invalid-parameter"),
            row(
                "a known one's value",
                list("cursor=%"),
                "400 invalid-parameter: cursor invalid-value",
            ),
            row("a name", list("%=1"), "400 invalid-parameter"),
            row("all of it", list("%"), "400 invalid-parameter"),
            row(
                "a switch",
                edit.query(&format!("dryRun={secret}")),
                "400 invalid-parameter",
            ),
        ])
        .await;
}

#[tokio::test]
async fn in_a_header() {
    let service = Service::start().await;
    let secret = service.root.secret.expose();
    let edit = service.edit(json!({})).await;
    let mut rows = Vec::new();
    for (name, want) in [
        ("if-match", "400 invalid-parameter"),
        ("if-none-match", "400 invalid-parameter"),
        ("content-encoding", "415 unsupported-media-type"),
        ("x-request-id", "200"),
    ] {
        rows.push(row(name, edit.clone().with(name, secret), want));
    }
    let typed = edit
        .clone()
        .without("content-type")
        .with("content-type", secret);
    rows.push(row("content-type", typed, "415 unsupported-media-type"));
    for name in [
        "cookie",
        "user-agent",
        "referer",
        "x-forwarded-for",
        "x-api-key",
        "accept",
    ] {
        let ask = Ask::new("GET", TOKENS).with(name, secret);
        rows.push(row(name, ask, "401 missing-credential"));
    }
    let made = service.creation(json!({})).with("idempotency-key", secret);
    let want = "400 invalid-parameter: Idempotency-Key invalid-value";
    rows.push(row("idempotency-key", made, want));
    service.check(rows).await;
}
