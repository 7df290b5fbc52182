//! Changing tokens.

use serde_json::{Value, json};

use super::world::{Ask, TOKENS, World, pairs, path};

#[tokio::test]
async fn a_change_is_stored_and_answered() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    world.stores.clock.advance(60);
    let body = json!({"version": 1, "name": "two", "allowedAddresses": ["192.0.2.1/32"], "permissions": ["api.tasks.read"]});
    let reply = world
        .send(world.ask("PUT", path(&made.view)).json(&body))
        .await;
    let record = reply.expect(200);
    insta::assert_json_snapshot!(record, {
        ".id" => "[id]", ".userId" => "[id]", ".partialToken" => "[partial]",
        ".createdUserInfo.userId" => "[id]", ".lastModifiedUserInfo.userId" => "[id]",
    });
    assert_eq!(reply.header("etag"), "\"2\"");
    let mut read = world
        .send(world.ask("GET", path(&made.view)))
        .await
        .expect(200);
    read.as_object_mut().unwrap().remove("secrets");
    assert_eq!(read, record);
    let reply = world
        .send(world.ask("PUT", path(&made.view)).json(&body))
        .await;
    reply.problem(409, "version-conflict");
}

#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let mut record = world
        .send(world.ask("GET", path(&made.view)))
        .await
        .expect(200);
    for field in [
        "id",
        "userId",
        "creationDate",
        "createdUserInfo",
        "partialToken",
    ] {
        record[field] = json!({"another": ["value"]});
    }
    let same = world
        .send(world.ask("PUT", path(&made.view)).json(&record))
        .await;
    assert_eq!(
        same.expect(200)["version"],
        1,
        "nothing changed, nothing stored"
    );
    assert_eq!(same.json()["id"], made.view.token.id.to_string());
    record["isAdmin"] = true.into();
    let reply = world
        .send(world.ask("PUT", path(&made.view)).json(&record))
        .await;
    reply.problem(400, "invalid-body");
    assert_eq!(reply.faults(), pairs(&[("/isAdmin", "unknown-field")]));
}

#[tokio::test]
async fn what_a_change_answered_can_be_sent_back() {
    let world = World::new().await;
    let writer = world
        .token("writer", &["api.api-tokens.write", "api.tasks.read"])
        .await;
    for (by, name) in [(&world.root, "by a reader"), (&writer, "by a writer")] {
        let send = |method: &str, target: String, body: &Value| {
            world.send(Ask::new(method, target).by(&by.secret).json(body))
        };
        let draft = json!({
            "name": name, "expiry": "2027-01-01T00:00:00Z", "permissions": ["api.tasks.read"],
        });
        let made = send("POST", TOKENS.into(), &draft).await.expect(201);
        let target = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
        let same = send("PUT", target.clone(), &made).await.expect(200);
        assert_eq!(
            (&same["version"], &same["token"]),
            (&json!(1), &Value::Null)
        );
        send("PUT", target.clone(), &same).await.expect(200);
        let rotation = send("POST", format!("{target}/rotate"), &json!({"version": 1}));
        let mut rotated = rotation.await.expect(200);
        // A name is always needed; whoever may not read did not get to see it.
        rotated["name"] = name.into();
        let same = send("PUT", target, &rotated).await.expect(200);
        assert_eq!(same["version"], 2, "nothing changed, nothing stored");
    }
}

#[tokio::test]
async fn null_is_a_value_of_no_field() {
    let world = World::new().await;
    let made = path(&world.home.make("one").await.view);
    let draft = json!({
        "name": "x", "expiry": "2027-01-01T00:00:00Z", "permissions": ["api.tasks.read"],
    });
    let edit = json!({"version": 1, "name": "x"});
    for (method, target, body, fields) in [
        (
            "POST",
            TOKENS.to_owned(),
            draft,
            &["name", "expiry", "allowedAddresses", "permissions"][..],
        ),
        (
            "PUT",
            made.clone(),
            edit,
            &[
                "version",
                "name",
                "expiry",
                "allowedAddresses",
                "permissions",
            ],
        ),
        (
            "POST",
            format!("{made}/rotate"),
            json!({"version": 1}),
            &["version", "overlapSeconds"],
        ),
    ] {
        for field in fields {
            let mut body = body.clone();
            body[*field] = Value::Null;
            let reply = world
                .send(world.ask(method, target.as_str()).json(&body))
                .await;
            reply.problem(400, "invalid-body");
            let place = format!("/{field}");
            assert_eq!(
                reply.faults(),
                pairs(&[(&place, "wrong-type")]),
                "{method} {field}"
            );
        }
    }
}

#[tokio::test]
async fn versions_are_whole_numbers() {
    let world = World::new().await;
    let target = path(&world.home.make("one").await.view);
    for version in [
        "\"3\"",
        "3.5",
        "1.0",
        "1e0",
        "-1",
        "0",
        "9223372036854775808",
        "null",
        "true",
        "[1]",
    ] {
        let body = format!(r#"{{"version": {version}, "name": "two"}}"#);
        let reply = world
            .send(
                world
                    .ask("PUT", target.as_str())
                    .text("application/json", &body),
            )
            .await;
        reply.problem(400, "invalid-body");
        assert_eq!(
            reply.faults(),
            pairs(&[("/version", "wrong-type")]),
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_dry_run_decides_and_stores_nothing() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let body = json!({"version": 1, "name": "two"});
    let target = format!("{}?dryRun=true", path(&made.view));
    let reply = world
        .send(world.ask("PUT", target.as_str()).json(&body))
        .await;
    let record = reply.expect(200);
    assert_eq!(record["dryRun"], true);
    assert_eq!(record["version"], 2);
    assert_eq!(
        record["changes"],
        json!({"name": {"before": "one", "after": "two"}})
    );
    assert_eq!(reply.header("etag"), "");
    let stored = world
        .send(world.ask("GET", path(&made.view)))
        .await
        .expect(200);
    assert_eq!(
        (&stored["name"], &stored["version"]),
        (&json!("one"), &json!(1))
    );
    let refused = world
        .send(
            world
                .ask("PUT", target)
                .json(&json!({"version": 1, "name": ""})),
        )
        .await;
    refused.problem(422, "rule-violated");
    for value in ["1", "TRUE", "", "yes", "true&dryRun=true"] {
        let target = format!("{}?dryRun={value}", path(&made.view));
        world
            .send(world.ask("PUT", target).json(&body))
            .await
            .problem(400, "invalid-parameter");
    }
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let world = World::new().await;
    let writer = world
        .token("writer", &["api.api-tokens.write", "api.tasks.read"])
        .await;
    let small = world.token("small", &["api.tasks.read"]).await;
    let strong = world.home.make("strong").await;
    let by = |target: &str, fields: Value| {
        let mut body = json!({"version": 1, "name": "renamed"});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        Ask::new("PUT", target.to_owned())
            .by(&writer.secret)
            .json(&body)
    };
    let later = json!({"expiry": "2028-05-01T00:00:00Z"});
    let (own, small, strong) = (path(&writer.view), path(&small.view), path(&strong.view));
    for (target, fields, status, code) in [
        (
            &small,
            json!({"permissions": ["api.users.read"]}),
            403,
            "permission-not-held",
        ),
        (
            &own,
            json!({"permissions": ["api.users.read"]}),
            403,
            "permission-not-held",
        ),
        (&strong, later.clone(), 403, "permission-not-held"),
        (&own, later.clone(), 403, "self-widening"),
        (
            &own,
            json!({"allowedAddresses": ["203.0.113.1"]}),
            409,
            "would-lock-out",
        ),
        (&small, json!({"permissions": []}), 422, "rule-violated"),
    ] {
        let reply = world.send(by(target, fields.clone())).await;
        reply.problem(status, code);
    }
    let insisting = world
        .send(by(
            &format!("{own}?allowLockout=true"),
            json!({"allowedAddresses": ["203.0.113.1"]}),
        ))
        .await;
    insisting.expect(200);
    let after = Ask::new("GET", "/api/v1/permissions").by(&writer.secret);
    world.send(after).await.problem(403, "address-not-allowed");
    world.stores.clock.advance(366 * 24 * 60 * 60);
    let expired = Ask::new("GET", "/api/v1/permissions").by(&writer.secret);
    let reply = world.send(expired).await;
    reply.problem(401, "token-expired");
    assert!(
        reply
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}
