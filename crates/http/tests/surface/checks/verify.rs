//! Questions about a presented token: one or a hundred, and faults of a question.

use countersign_domain::Secret;
use serde_json::{Value, json};

use super::{Doors, forgetful};
use crate::world::{Ask, Reply, TOKENS, World, pairs, send};

fn question(world: &World, body: &Value) -> Ask {
    world.ask("POST", format!("{TOKENS}/verify")).json(body)
}

async fn ask(doors: &Doors, body: &Value) -> Reply {
    doors.send(question(&doors.world, body)).await
}

async fn raw(doors: &Doors, body: &str) -> Reply {
    let ask = doors.world.ask("POST", format!("{TOKENS}/verify"));
    doors.send(ask.text("application/json", body)).await
}

fn unknown() -> String {
    Secret::from_random(&[9; 32]).expose().to_owned()
}

#[tokio::test]
async fn a_live_token_is_told_with_its_record() {
    let doors = Doors::new().await;
    let held = ["api.tasks.read", "api.tasks.write"];
    let made = doors.made("one", &held, &["192.0.2.0/24"]).await;
    doors.noted();
    let body = json!({
        "token": made.secret.expose(), "address": "192.0.2.7",
        "permissions": ["api.tasks.read", "api.tasks.read"],
    });
    let told = ask(&doors, &body).await.expect(200);
    let token = &made.view.token;
    let (id, name) = (token.id.to_string(), token.name.as_str());
    let expected = json!({
        "active": true, "code": "ok", "tenantId": doors.world.home.tenant.id.to_string(),
        "token": {
            "id": id, "version": 1, "creationDate": doors.world.now(),
            "lastModifiedDate": doors.world.now(), "userId": token.user.to_string(), "name": name,
            "partialToken": made.secret.masked().as_str(), "expiry": token.expiry.to_string(),
            "allowedAddresses": ["192.0.2.0/24"], "permissions": held,
        },
    });
    assert_eq!(told, expected);
    let caller = (doors.world.root.view.token.id, Some([192, 0, 2, 1].into()));
    let asked = (token.id, Some([192, 0, 2, 7].into()));
    assert_eq!(doors.noted(), [caller, asked], "both were used");
}

#[tokio::test]
async fn what_is_lacking_is_told_and_is_no_use() {
    let doors = Doors::new().await;
    let made = doors.made("one", &["api.tasks.read"], &[]).await;
    let wanted = ["api.tasks.read", "api.tasks.write", "no name", "", "csg_ü"];
    let body = json!({"token": made.secret.expose(), "permissions": wanted});
    doors.noted();
    let told = ask(&doors, &body).await.expect(200);
    assert_eq!(told["active"], false);
    assert_eq!(told["code"], "insufficient-scope");
    assert_eq!(
        told["missing"],
        json!(["api.tasks.write", "no name", "", "csg_…"])
    );
    assert_eq!(told["token"]["id"], made.view.token.id.to_string());
    assert_eq!(doors.noted().len(), 1, "the caller's");

    doors.world.home.rotate(&made.view, 3600).await;
    let body = json!({"token": made.secret.expose()});
    let told = ask(&doors, &body).await.expect(200);
    let end = doors.world.stores.clock.now().minus_seconds(-3600);
    assert_eq!(told["retirementDate"], end.to_string());
}

#[tokio::test]
async fn what_nobody_may_know_is_answered_like_what_nobody_knows() {
    let doors = Doors::new().await;
    let world = &doors.world;
    let foreign = world.away.make("abroad").await;
    let revoked = world.home.make("revoked").await;
    world.home.revoke(&revoked.view).await;
    let (replaced, retired) = (
        world.home.make("replaced").await,
        world.home.make("retired").await,
    );
    world.home.rotate(&replaced.view, 0).await;
    world.home.rotate(&retired.view, 60).await;
    world.stores.clock.advance(60);
    for extra in [
        json!({}),
        json!({"permissions": ["scim.user.schema", "no name"]}),
        json!({"address": "203.0.113.7", "permissions": ["made.up"]}),
    ] {
        let with = |secret: &str| {
            let mut body = extra.clone();
            body["token"] = json!(secret);
            body
        };
        let expected = ask(&doors, &with(&unknown())).await;
        assert_eq!(
            expected.expect(200),
            json!({"active": false, "code": "invalid-token"})
        );
        for (what, secret) in [
            ("another tenant's", foreign.secret.expose()),
            ("revoked", revoked.secret.expose()),
            ("replaced", replaced.secret.expose()),
            ("replaced, after its overlap", retired.secret.expose()),
            ("malformed", "csg_"),
            ("nothing", ""),
        ] {
            let reply = ask(&doors, &with(secret)).await;
            assert_eq!(reply.body, expected.body, "{what}");
            assert_eq!(reply.headers.len(), expected.headers.len(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_hundred_are_answered_in_their_order() {
    let doors = Doors::new().await;
    let (one, two) = (
        doors.world.home.make("one").await,
        doors.world.home.make("two").await,
    );
    let questions: Vec<_> = (0..100)
        .map(|index| match index % 3 {
            0 => json!({"token": one.secret.expose()}),
            1 => json!({"token": unknown()}),
            _ => json!({"token": two.secret.expose(), "permissions": ["api.tasks.write"]}),
        })
        .collect();
    let told = ask(&doors, &json!(questions)).await.expect(200);
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), 100);
    for (index, verdict) in told.iter().enumerate() {
        let (code, id) = match index % 3 {
            0 => ("ok", json!(one.view.token.id.to_string())),
            1 => ("invalid-token", Value::Null),
            _ => ("insufficient-scope", json!(two.view.token.id.to_string())),
        };
        assert_eq!(
            (&verdict["code"], &verdict["token"]["id"]),
            (&json!(code), &id),
            "{index}"
        );
    }
    assert_eq!(ask(&doors, &json!([])).await.expect(200), json!([]));
    let single = ask(&doors, &questions[0]).await.expect(200);
    assert_eq!(single, told[0], "as if it were asked alone");
    let many = vec![questions[1].clone(); 101];
    let reply = ask(&doors, &json!(many)).await;
    reply.problem(400, "invalid-body");
    assert_eq!(reply.faults(), pairs(&[("", "too-many-values")]));
}

#[tokio::test]
async fn faults_are_told_where_they_are() {
    let doors = Doors::new().await;
    let good = json!({"token": "x"});
    let many: Vec<_> = (0..101).map(|index| format!("a.b{index}")).collect();
    for (body, faults) in [
        (json!({}), &[("/token", "missing-field")][..]),
        (json!({"token": null}), &[("/token", "wrong-type")]),
        (
            json!({"token": 1, "permissions": null}),
            &[("/permissions", "wrong-type"), ("/token", "wrong-type")],
        ),
        (
            json!({"token": "x", "address": null}),
            &[("/address", "wrong-type")],
        ),
        (
            json!({"token": "x", "address": "x"}),
            &[("/address", "invalid-address")],
        ),
        (
            json!({"token": "x", "address": "192.0.2.0/24"}),
            &[("/address", "invalid-address")],
        ),
        (
            json!({"token": "x", "address": "fe80::1%1"}),
            &[("/address", "invalid-address")],
        ),
        (
            json!({"token": "x", "permissions": ["a.b", 1]}),
            &[("/permissions/1", "wrong-type")],
        ),
        (
            json!({"token": "x", "permissions": many}),
            &[("/permissions", "too-many-values")],
        ),
        (
            json!({"token": "x", "adress": "x"}),
            &[("/adress", "unknown-field")],
        ),
        (
            json!([good, good, good, {}]),
            &[("/3/token", "missing-field")],
        ),
        (
            json!([good, {"token": 1}, good, {}]),
            &[("/1/token", "wrong-type"), ("/3/token", "missing-field")],
        ),
        (json!([good, ["x"]]), &[("/1", "wrong-type")]),
        (json!([[good]]), &[("/0", "wrong-type")]),
        (
            json!([null, "x"]),
            &[("/0", "wrong-type"), ("/1", "wrong-type")],
        ),
        (
            json!([{"token": "x", "a/b": 1}]),
            &[("/0/a~1b", "unknown-field")],
        ),
        (json!("x"), &[("", "wrong-type")]),
        (json!(null), &[("", "wrong-type")]),
    ] {
        let reply = ask(&doors, &body).await;
        reply.problem(400, "invalid-body");
        assert_eq!(reply.faults(), pairs(faults), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_strict_json_is_refused() {
    let doors = Doors::new().await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for body in [
        "",
        "[",
        "{",
        r#"{"token": "x", "token": "x"}"#,
        r#"{"token": "x", "to\u006ben": "y"}"#,
        r#"[{"token": "x"}, {"token": "x", "token": "y"}]"#,
        r#"{"token": "\ud800"}"#,
        r#"{"token": "x"} {}"#,
        r#"[{"token": "x"}]]"#,
        "\u{feff}{\"token\": \"x\"}",
        "[{\"token\": \"x\"},]",
        &deep,
        &"[".repeat(60_000),
    ] {
        let reply = raw(&doors, body).await;
        reply.problem(400, "malformed-json");
    }
    let ask = doors.world.ask("POST", format!("{TOKENS}/verify"));
    let reply = doors.send(ask.text("text/plain", "{}")).await;
    reply.problem(415, "unsupported-media-type");
    let large = format!(r#"{{"token": "{}"}}"#, "x".repeat(70_000));
    raw(&doors, &large).await.problem(413, "body-too-large");
    let target = format!("{TOKENS}/verify?dryRun=true");
    let query = doors.world.ask("POST", target).text("text/plain", "");
    let reply = doors.send(query).await;
    reply.problem(400, "invalid-parameter");
    assert_eq!(reply.faults(), pairs(&[("dryRun", "unknown-parameter")]));
}

#[tokio::test]
async fn secrets_are_not_repeated() {
    let doors = Doors::new().await;
    let made = doors.world.home.make("one").await;
    let secret = made.secret.expose();
    for body in [
        json!({"token": secret}),
        json!([{"token": secret}, {"token": unknown()}]),
        json!({"token": [secret]}),
        json!({"token": "x", "address": secret}),
        json!({"token": "x", secret: 1}),
        json!({"token": secret, "permissions": [secret, 1]}),
        json!({"token": secret, "permissions": secret}),
        json!([secret]),
        json!({"token": secret, "permissions": [secret, unknown()]}),
    ] {
        let reply = ask(&doors, &body).await;
        let text = String::from_utf8_lossy(&reply.body);
        assert!(!text.contains(&secret[4..20]), "{text}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_answers_for_none_of_a_batch() {
    let doors = Doors::new().await;
    let router = forgetful(&doors.world).await;
    let root = doors.world.root.secret.expose();
    let (known, other) = (json!({"token": root}), json!({"token": unknown()}));
    let reply = send(&router, question(&doors.world, &json!([known])).0).await;
    assert_eq!(reply.expect(200)[0]["code"], "ok");
    for body in [json!([known, other, known]), other] {
        let reply = send(&router, question(&doors.world, &body).0).await;
        reply.problem(503, "store-unavailable");
        assert_eq!(reply.header("retry-after"), "1");
        assert!(!String::from_utf8_lossy(&reply.body).contains("private"));
    }
    // What cannot be any secret is told without a look.
    let reply = send(&router, question(&doors.world, &json!({"token": "csg_"})).0).await;
    assert_eq!(reply.expect(200)["code"], "invalid-token");
}
