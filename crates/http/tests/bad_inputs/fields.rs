//! Fields that are missing, unknown, mistyped, or read-only.

use serde_json::{Value, json};

use crate::harness::{ABSENT, Service, TOKENS, path_of, row};

#[tokio::test]
async fn unknown_fields_are_named() {
    let service = Service::start().await;
    let long = "x".repeat(5000);
    let mut rows = Vec::new();
    for (field, want) in [
        ("isAdmin", "/isAdmin unknown-field"),
        ("__proto__", "/__proto__ unknown-field"),
        ("Name", "/Name unknown-field ~name"),
        ("constructor", "/constructor unknown-field"),
        (
            "allowed_addresses",
            "/allowed_addresses unknown-field ~allowedAddresses",
        ),
        ("tenant", "/tenant unknown-field"),
        ("digest", "/digest unknown-field"),
        ("", "/ unknown-field"),
        ("a/b~c", "/a~1b~0c unknown-field"),
        ("version ", "/version  unknown-field ~version"),
        ("n\u{e4}me\n", "/n\u{e4}me\n unknown-field"),
    ] {
        let mut fields = json!({});
        fields[field] = json!(true);
        let want = format!("400 invalid-body: {want}");
        rows.push(row(
            format!("change: {field}"),
            service.edit(fields.clone()).await,
            want.as_str(),
        ));
        rows.push(row(
            format!("making: {field}"),
            service.creation(fields),
            "400 invalid-body",
        ));
    }
    let mut fields = json!({});
    fields[&long] = json!(null);
    rows.push(row(
        "an overlong one",
        service.edit(fields).await,
        "400 invalid-body",
    ));
    service.check(rows).await;
}

#[tokio::test]
async fn a_flood_of_faults_gets_a_short_answer() {
    let service = Service::start().await;
    let fields: Value = (0..4000)
        .map(|n| (format!("f{n}"), json!(0)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let addresses = json!({"allowedAddresses": vec!["x"; 10_000]});
    let permissions = json!({"permissions": vec!["x"; 10_000]});
    for (fields, want) in [
        (fields, "400 invalid-body"),
        (json!({"permissions": vec![0; 10_000]}), "400 invalid-body"),
        (addresses, "422 rule-violated"),
        (permissions, "422 rule-violated"),
    ] {
        let ask = service.edit(fields).await;
        service.check([row("a flood", ask.clone(), want)]).await;
        let reply = service.send(&ask).await;
        assert_eq!(reply.json()["errors"].as_array().unwrap().len(), 100);
        assert!(
            reply.body.len() < ask.body.unwrap().len(),
            "{}",
            reply.body.len()
        );
    }
}

#[tokio::test]
async fn all_that_is_wrong_comes_together() {
    let service = Service::start().await;
    let types = json!({
        "version": "1",
        "name": ABSENT,
        "expiry": 3,
        "allowedAddresses": ["192.0.2.1", 7],
        "permissions": {},
        "x": 1,
    });
    let rules = json!({
        "name": "\u{7}",
        "expiry": "2020-01-01T00:00:00Z",
        "allowedAddresses": ["192.0.2.1/8", "x"],
        "permissions": ["api.task.read"],
    });
    let types = service.edit(types).await;
    let rules = service.edit(rules).await;
    let all_types = "400 invalid-body: /version wrong-type, /name missing-field, /expiry wrong-type, \
        /allowedAddresses/1 wrong-type, /permissions wrong-type, /x unknown-field";
    let all_rules = "422 rule-violated: /name invalid-name, /expiry expiry-in-past, \
        /allowedAddresses/0 host-bits-set, /allowedAddresses/1 invalid-address, /permissions/0 unknown-permission";
    service
        .check([
            row("types", types, all_types),
            row("rules", rules, all_rules),
        ])
        .await;
}

#[tokio::test]
async fn what_is_not_for_writing_is_let_be() {
    let service = Service::start().await;
    let made = service.token().await;
    let stored = service.stored(&path_of(&made)).await;
    let other = "01900000-0000-7000-8000-000000000000";
    let claims = json!({
        "id": other,
        "userId": other,
        "creationDate": "2020-01-01T00:00:00Z",
        "lastModifiedDate": "2020-01-01T00:00:00Z",
        "createdUserInfo": {"userId": other, "userName": "somebody"},
        "lastModifiedUserInfo": {"userId": other, "userName": "somebody"},
        "partialToken": "csg_…0000",
        "lastUsedDate": "2020-01-01T00:00:00Z",
        "lastUsedAddress": "192.0.2.9",
        "secrets": [],
    });
    let mut rows = vec![row(
        "all of them",
        service.edit_of(&made, claims.clone()),
        stored.clone(),
    )];
    for (name, claim) in claims.as_object().unwrap() {
        for value in [
            claim.clone(),
            json!(null),
            json!(7),
            json!([[]]),
            json!({"a": {}}),
        ] {
            let mut fields = json!({});
            fields[name] = value;
            rows.push(row(
                name.as_str(),
                service.edit_of(&made, fields),
                stored.clone(),
            ));
        }
    }
    let read = service.send(&service.ask("GET", path_of(&made))).await;
    rows.push(row(
        "as it was read",
        service.ask("PUT", path_of(&made)).json(&read.json()),
        stored.clone(),
    ));
    service.check(rows).await;

    // With a change besides: that one is made, and no other.
    let mut renamed = claims;
    renamed["name"] = json!("renamed");
    service.clock().advance(5);
    let edit = service.edit_of(&made, renamed);
    let reply = service.send(&edit).await.json();
    for name in [
        "id",
        "userId",
        "creationDate",
        "partialToken",
        "expiry",
        "permissions",
    ] {
        assert_eq!(reply[name], stored[name], "{name}");
    }
    assert_eq!(reply["lastModifiedDate"], "2026-06-01T12:00:05Z");
    assert_eq!(reply["lastModifiedUserInfo"]["userName"], "root");
    assert_eq!(reply["createdUserInfo"]["userName"], "home system");
}

#[tokio::test]
async fn the_maker_chooses_nothing_but_the_four_fields() {
    let service = Service::start().await;
    let other = "01900000-0000-7000-8000-000000000000";
    let mut rows = Vec::new();
    for (name, value) in [
        ("id", json!(other)),
        ("userId", json!(other)),
        ("version", json!(7)),
        ("token", json!("mine")),
        ("tenant", json!(other)),
        ("createdUserInfo", json!({"userId": other})),
    ] {
        let mut fields = json!({});
        fields[name] = value;
        let want = format!("400 invalid-body: /{name} unknown-field");
        rows.push(row(name, service.creation(fields), want));
    }
    for (name, value) in [
        ("name", json!(7)),
        ("permissions", json!("api.tasks.read")),
        ("permissions", json!(null)),
    ] {
        let mut fields = json!({});
        fields[name] = value;
        rows.push(row(
            name,
            service.creation(fields),
            format!("400 invalid-body: /{name} wrong-type"),
        ));
    }
    let empty = service.ask("POST", TOKENS).raw_json("{}");
    let all =
        "400 invalid-body: /name missing-field, /expiry missing-field, /permissions missing-field";
    rows.push(row("nothing", empty, all));
    service.check(rows).await;
}
