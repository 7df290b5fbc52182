//! Rotations that ask for too much, at the wrong time, or for another token: none makes a secret.

use countersign_application::IssuedToken;
use serde_json::{Value, json};

use crate::harness::{Ask, Service, TOKENS, path_of, row};

fn rotation(service: &Service, made: &IssuedToken, body: &Value) -> Ask {
    let target = format!("{}/rotate", path_of(made));
    service.ask("POST", target).json(body)
}

#[tokio::test]
async fn overlaps() {
    let service = Service::start().await;
    let mut rows = Vec::new();
    for (overlap, accepted) in [
        ("0", true),
        ("1", true),
        ("604800", true),
        ("-0", false),
        ("-1", false),
        ("604801", false),
        ("4294967296", false),
        ("18446744073709551617", false),
        ("60.0", false),
        ("6e1", false),
        ("\"60\"", false),
        ("\"PT1H\"", false),
        ("null", false),
        ("true", false),
        ("[]", false),
        ("{}", false),
    ] {
        let made = service.token().await;
        let body = format!(r#"{{"version": 1, "overlapSeconds": {overlap}}}"#);
        let ask = rotation(&service, &made, &json!({})).raw_json(body);
        let refused = "400 invalid-body: /overlapSeconds wrong-type";
        rows.push(row(overlap, ask, if accepted { "200" } else { refused }));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn fields_and_parameters() {
    let service = Service::start().await;
    let made = service.token().await;
    let good = json!({"version": 1});
    let with = |body: Value| rotation(&service, &made, &body);
    let cut = |query: &str| rotation(&service, &made, &good).query(query);
    let overlapping = with(json!({"version": 1, "overlapSeconds": 60}));
    let bad_cut = "400 invalid-parameter: cut invalid-value";
    service
        .check([
            row("nothing", with(json!({})), "400 invalid-body: /version missing-field"),
            row("a stale version", with(json!({"version": 2})), "409 version-conflict"),
            row("no version", with(json!({"version": 0})), "400 invalid-body: /version wrong-type"),
            row(
                "a misspelt overlap",
                with(json!({"version": 1, "overlapSecond": 60})),
                "400 invalid-body: /overlapSecond unknown-field ~overlapSeconds",
            ),
            row(
                "a record sent back",
                with(json!({"version": 1, "name": "x", "partialToken": "csg_…abcd"})),
                "400 invalid-body: /name unknown-field, /partialToken unknown-field",
            ),
            row(
                "a secret of its own",
                with(json!({"version": 1, "token": service.root.secret.expose()})),
                "400 invalid-body: /token unknown-field",
            ),
            row("a body of another kind", with(json!([1])), "400 invalid-body:  wrong-type"),
            row("no JSON", with(json!({})).raw_json("version=1"), "400 malformed-json"),
            row(
                "a form",
                with(good.clone()).without("content-type").with("content-type", "text/plain"),
                "415 unsupported-media-type",
            ),
            row("cut=", cut("cut="), bad_cut),
            row("cut", cut("cut"), bad_cut),
            row("cut=true", cut("cut=true"), bad_cut),
            row("cut=Now", cut("cut=Now"), bad_cut),
            row("cut=now%20", cut("cut=now%20"), bad_cut),
            row("cut twice", cut("cut=now&cut=now"), "400 invalid-parameter: cut several-values"),
            row("a dry run", cut("dryRun=yes"), "400 invalid-parameter: dryRun invalid-value"),
            row(
                "a cut with an overlap",
                overlapping.query("cut=now"),
                "400 invalid-parameter: cut contradicting-overlap, /overlapSeconds contradicting-overlap",
            ),
            row(
                "If-None-Match",
                with(good.clone()).with("if-none-match", "*"),
                "400 invalid-parameter: If-None-Match unexpected-header",
            ),
            row("cut=now", cut("cut=now"), json!({"version": 2})),
            row("again", cut("cut=now"), "409 version-conflict"),
        ])
        .await;
}

#[tokio::test]
async fn tokens_that_are_not_there_and_methods_that_are_not() {
    let service = Service::start().await;
    let good = json!({"version": 1});
    let gone = service.token().await;
    service.home.revoke(&gone.view).await;
    let abroad = service.away.make("abroad").await;
    let missing = "404 token-not-found";
    let mut rows = vec![
        row("revoked", rotation(&service, &gone, &good), missing),
        row(
            "another tenant's",
            rotation(&service, &abroad, &good),
            missing,
        ),
    ];
    for id in [
        "abc",
        "%00",
        "current",
        "00000000-0000-7000-8000-000000000000",
    ] {
        let ask = service.ask("POST", format!("{TOKENS}/{id}/rotate"));
        rows.push(row(id, ask.json(&good), missing));
    }
    let here = format!("{}/rotate", path_of(&service.root));
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let ask = service.ask(method, here.as_str());
        rows.push(row(method, ask, "405 method-not-allowed"));
    }
    service.check(rows).await;
}

#[tokio::test]
async fn whoever_may_not() {
    let service = Service::start().await;
    let good = json!({"version": 1});
    let strong = service.token().await;
    let by = |caller: &IssuedToken, made: &IssuedToken| {
        rotation(&service, made, &good).by(&caller.secret)
    };
    let writer = service.token_of(&["api.api-tokens.write"]).await;
    let reader = service.token_of(&["api.api-tokens.read"]).await;
    let not_held = "403 permission-not-held:  permission-not-held";
    service
        .check([
            row("no writer", by(&reader, &reader), "403 insufficient-scope"),
            row("a weaker one", by(&writer, &reader), not_held),
            row(
                "one that lacks several",
                by(&writer, &strong),
                "403 permission-not-held",
            ),
            row("itself", by(&writer, &writer), json!({"version": 2})),
            row(
                "with the old secret",
                by(&writer, &writer),
                "401 invalid-token",
            ),
        ])
        .await;
    service.clock().advance(365 * 24 * 60 * 60);
    let root = rotation(&service, &strong, &good);
    let late = "409 token-not-revivable:  token-not-revivable";
    service.check([row("an expired one", root, late)]).await;
}
