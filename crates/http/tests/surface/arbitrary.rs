//! Random requests. Whatever is sent, the service answers, without an internal error, and a refusal
//! is a problem document.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request},
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::Config};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::world::{Reply, World, send};

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "TRACE", "OPTIONS"
        ])
        .prop_map(str::to_owned),
        "[A-Z!#$%&'*+.^_`|~-]{1,20}",
    ]
}

fn target() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        Just("ROOT".to_owned()),
        Just("OTHER".to_owned()),
        Just("current".to_owned()),
        Just("query".to_owned()),
        "[!$&-;=@-Z_a-z~]{0,40}",
        "(%[0-9a-fA-F]{2}){0,10}",
    ];
    let path = prop_oneof![
        4 => id.clone().prop_map(|id| format!("/api/v1/api-tokens/{id}")),
        1 => id.clone().prop_map(|id| format!("/api/v1/api-tokens/{id}/events")),
        2 => id.clone().prop_map(|id| format!("/api/v1/api-tokens/{id}/rotate")),
        1 => id.clone().prop_map(|id| format!("/api/v1/users/{id}")),
        1 => id.prop_map(|id| format!("/problems/{id}")),
        2 => Just("/api/v1/api-tokens".to_owned()),
        2 => Just("/api/v1/api-tokens/query".to_owned()),
        1 => "/[!$&-;=@-Z_a-z~]{0,40}",
    ];
    let query = prop_oneof![
        3 => Just(String::new()),
        2 => "[?](limit|size|page|sort|cursor|dryRun|allowLockout|cut)=[a-z0-9,%-]{0,12}",
        1 => "[?][!$&-;=@-Z_a-z~%]{0,40}",
    ];
    (path, query).prop_map(|(path, query)| path + &query)
}

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let name = select(vec![
        "if-match",
        "if-none-match",
        "idempotency-key",
        "x-request-id",
        "content-encoding",
        "content-type",
        "x-forwarded-for",
        "forwarded",
        "accept",
        "range",
        "expect",
        "cookie",
    ]);
    let value = prop_oneof![
        "(W/)?\"[0-9]{0,3}\"".prop_map(String::into_bytes),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        vec(0x80_u8.., 0..20),
    ];
    (name, value)
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("2027-01-01T00:00:00Z")),
        Just(Value::from("api.tasks.read")),
        Just(Value::from("10.0.0.1/8")),
        Just(Value::from(1)),
    ];
    let key = prop_oneof![
        4 => select(vec![
            "name", "version", "expiry", "permissions", "allowedAddresses", "id", "userId", "partialToken",
            "overlapSeconds", "lastUsedDate",
            "$and", "$or", "$eq", "$in", "$gt", "$ieq", "$isubstr", "$contains",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((key.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => json().prop_map(|value| value.to_string().into_bytes()),
        1 => any::<String>().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..200),
        1 => Just(Vec::new()),
    ]
}

fn judge(reply: &Reply) {
    let status = reply.status.as_u16();
    assert!(status < 500, "{reply:?}");
    assert!(!reply.header("x-request-id").is_empty());
    if status >= 400 {
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    // Answers to HEAD have no body.
    if status >= 400 && !reply.body.is_empty() {
        let document = reply.json();
        let code = document["type"]
            .as_str()
            .unwrap()
            .strip_prefix("/problems/")
            .unwrap()
            .to_owned();
        reply.problem(status, &code);
    }
    assert!(
        reply.body.len() < 256 * 1024,
        "an answer is not much larger than what it answers to"
    );
}

#[test]
fn whatever_comes_is_answered_and_refusals_are_problems() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let id = world.root.view.token.id.to_string();
    let other = runtime.block_on(world.home.make("other"));
    let other = other.view.token.id.to_string();
    let bearer = format!("Bearer {}", world.root.secret.expose());
    let strategy = (
        method(),
        target(),
        vec(header(), 0..4),
        any::<bool>(),
        body(),
    );
    proptest!(Config::with_cases(1500), |((method, target, headers, known, body) in strategy)| {
        // Without the caller or its secret the test would be over early.
        prop_assume!(!(target.contains("ROOT") && (method == "DELETE" || target.contains("/rotate"))));
        let target = target.replace("ROOT", &id).replace("OTHER", &other);
        let Ok(uri) = target.parse::<axum::http::Uri>() else {
            return Ok(());
        };
        let mut request = Request::builder().method(method.as_str()).uri(uri);
        if known {
            request = request.header("authorization", &bearer).header("content-type", "application/json");
        }
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        let request = request.body(Body::from(body)).unwrap();
        judge(&runtime.block_on(send(&world.router, request)));
    });
}
