//! Requests that are made from valid ones by mutation, so that the faults are deep inside and not
//! only in the first checks.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::harness::{Ask, TOKENS};

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        select(vec![
            "2027-01-01T00:00:00Z",
            "10.0.0.1",
            "10.0.0.0/8",
            "api.tasks.read",
            "",
            "\0",
            "a",
            "$eq",
            "csg_"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![
            any::<String>(),
            select(KEYS.to_vec()).prop_map(str::to_owned),
        ];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

const KEYS: &[&str] = &[
    "version",
    "name",
    "expiry",
    "allowedAddresses",
    "permissions",
    "id",
    "userId",
    "creationDate",
    "partialToken",
    "overlapSeconds",
    "lastUsedDate",
    "$and",
    "$or",
    "$eq",
    "$ne",
    "$gt",
    "$lte",
    "$in",
    "$nin",
    "$ieq",
    "$isubstr",
    "$iprefix",
    "$niprefix",
    "$contains",
    "$ncontains",
];

/// A valid body with some of its members replaced, taken away, or added.
pub(super) fn bent(valid: Value) -> impl Strategy<Value = Value> {
    vec(
        (
            select(KEYS.to_vec()),
            prop::option::weighted(0.8, any_json()),
        ),
        0..4,
    )
    .prop_map(move |changes| {
        let mut body = valid.clone();
        for (key, value) in changes {
            match value {
                Some(value) => body[key] = value,
                None => drop(body.as_object_mut().unwrap().remove(key)),
            }
        }
        body
    })
}

/// A text with some of its bytes replaced, or cut.
fn broken(text: &Value) -> impl Strategy<Value = Vec<u8>> + use<> {
    let bytes = text.to_string().into_bytes();
    let places = (
        vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        any::<prop::sample::Index>(),
        any::<bool>(),
    );
    places.prop_map(move |(changes, end, cut)| {
        let mut bytes = bytes.clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes
    })
}

fn valid_bodies() -> [(&'static str, String, Value); 4] {
    [
        (
            "PUT",
            format!("{TOKENS}/VICTIM"),
            json!({"version": 1, "name": "fuzzed", "allowedAddresses": ["10.0.0.1"]}),
        ),
        (
            "POST",
            format!("{TOKENS}/VICTIM/rotate"),
            json!({"version": 1, "overlapSeconds": 60}),
        ),
        (
            "POST",
            TOKENS.to_owned(),
            json!({"name": "made", "expiry": "2027-01-01T00:00:00Z", "permissions": ["api.tasks.read"]}),
        ),
        (
            "POST",
            format!("{TOKENS}/query"),
            json!({"name": {"$isubstr": "a"}, "$or": [{"version": 1}, {"permissions": {"$contains": ["a.b"]}}]}),
        ),
    ]
}

pub(super) fn bodies() -> impl Strategy<Value = Ask> {
    select(valid_bodies().to_vec()).prop_flat_map(|(method, target, valid)| {
        let ask = Ask::new(method, target);
        let body = prop_oneof![
            4 => bent(valid.clone()).prop_map(|body| body.to_string().into_bytes()),
            2 => any_json().prop_map(|body| body.to_string().into_bytes()),
            2 => broken(&valid),
            1 => vec(any::<u8>(), 0..200),
        ];
        body.prop_map(move |body| ask.clone().raw_json(body))
    })
}

/// What a request target can carry: most of it percent-encoded, so that any byte gets through.
fn encoded() -> impl Strategy<Value = String> {
    let byte = prop_oneof![
        3 => "[a-zA-Z0-9._~!$'()*,;:@-]",
        2 => any::<u8>().prop_map(|byte| format!("%{byte:02X}")),
        1 => "%[0-9A-F]?[g-z]?",
    ];
    vec(byte, 0..12).prop_map(|parts| parts.concat())
}

pub(super) fn targets() -> impl Strategy<Value = String> {
    let known = vec![
        "/api/v1/api-tokens",
        "/api/v1/api-tokens/query",
        "/api/v1/api-tokens/current",
        "/api/v1/api-tokens/VICTIM",
        "/api/v1/api-tokens/VICTIM/events",
        "/api/v1/api-tokens/VICTIM/rotate",
        "/api/v1/permissions",
        "/api/v1/users/current",
        "/health/live",
        "/health/ready",
        "/api/openapi.json",
        "/api/docs",
        "/problems/invalid-body",
        "/api/v1",
        "",
    ];
    let path = prop_oneof![
        3 => select(known.clone()).prop_map(str::to_owned),
        2 => encoded().prop_map(|id| format!("{TOKENS}/{id}")),
        1 => encoded().prop_map(|id| format!("{TOKENS}/{id}/events")),
        1 => encoded().prop_map(|id| format!("/api/v1/users/{id}")),
        1 => (select(known), encoded()).prop_map(|(path, more)| format!("{path}/{more}")),
    ];
    let names = vec![
        "page",
        "size",
        "sort",
        "limit",
        "cursor",
        "dryRun",
        "allowLockout",
        "cut",
    ];
    let values = prop_oneof![
        encoded(),
        any::<i64>().prop_map(|number| number.to_string()),
        select(vec![
            "true",
            "name,asc",
            "expiry,desc",
            "1",
            "100",
            "0",
            "now"
        ])
        .prop_map(str::to_owned),
    ];
    let pair = (
        prop_oneof![4 => select(names).prop_map(str::to_owned), 1 => encoded()],
        values,
    );
    (path, vec(pair, 0..4)).prop_map(|(path, pairs)| {
        let path = if path.is_empty() {
            "/".to_owned()
        } else {
            path
        };
        let query: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    })
}

pub(super) fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let names = vec![
        "if-match",
        "if-none-match",
        "idempotency-key",
        "x-request-id",
        "accept",
        "content-encoding",
        "cookie",
        "content-type",
        "x-forwarded-for",
        "forwarded",
        "range",
        "if-modified-since",
        "accept-encoding",
        "origin",
    ];
    let value = prop_oneof![
        vec(prop_oneof![b' '..=b'~', 0x80..=0xff_u8], 0..40),
        select(vec![
            "\"1\"",
            "W/\"1\"",
            "*",
            "\"1\", \"2\"",
            "application/json",
            "gzip",
            "for=\"[::1]\"",
            "10.0.0.1, x"
        ])
        .prop_map(|value| value.as_bytes().to_vec()),
    ];
    vec((select(names).prop_map(str::to_owned), value), 0..4)
}
