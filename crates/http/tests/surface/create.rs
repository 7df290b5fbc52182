//! Making tokens.

use serde_json::{Value, json};

use super::world::{Ask, TOKENS, World, pairs};

fn draft() -> Value {
    json!({
        "name": " Nightly export ",
        "expiry": "2027-06-01T14:00:00.123456789+02:00",
        "permissions": ["api.tasks.write", "api.tasks.read", "api.tasks.read"],
        "allowedAddresses": ["192.0.2.0/24", "::ffff:198.51.100.7"],
    })
}

#[tokio::test]
async fn a_token_is_made_and_its_secret_shown_once() {
    let world = World::new().await;
    let reply = world.send(world.ask("POST", TOKENS).json(&draft())).await;
    let record = reply.expect(201);
    insta::assert_json_snapshot!(record, {
        ".id" => "[id]", ".userId" => "[id]", ".partialToken" => "[partial]", ".token" => "[secret]",
        ".createdUserInfo.userId" => "[id]", ".lastModifiedUserInfo.userId" => "[id]",
    });
    let id = record["id"].as_str().unwrap();
    assert_eq!(reply.header("location"), format!("{TOKENS}/{id}"));
    assert_eq!(reply.header("etag"), "\"1\"");
    assert_eq!(reply.header("cache-control"), "no-store");

    let secret = record["token"].as_str().unwrap();
    assert!(
        secret.ends_with(
            record["partialToken"]
                .as_str()
                .unwrap()
                .split_once('…')
                .unwrap()
                .1
        )
    );
    let own = Ask::new("GET", format!("{TOKENS}/current"))
        .header("authorization", &format!("bearer {secret}"));
    let own = world.send(own).await.expect(200);
    assert_eq!(own["id"], id);
    assert_eq!(own["token"], Value::Null);
}

#[tokio::test]
async fn all_faults_of_a_body_come_together() {
    let world = World::new().await;
    let body = json!({
        "expiry": "tomorrow", "permissions": ["api.tasks.read", 1, null], "allowedAddresses": "10.0.0.0/8",
        "Name": "x", "a/b~c": 1,
    });
    let reply = world.send(world.ask("POST", TOKENS).json(&body)).await;
    reply.problem(400, "invalid-body");
    let expected = [
        ("/Name", "unknown-field"),
        ("/allowedAddresses", "wrong-type"),
        ("/a~1b~0c", "unknown-field"),
        ("/expiry", "invalid-date-time"),
        ("/name", "missing-field"),
        ("/permissions/1", "wrong-type"),
        ("/permissions/2", "wrong-type"),
    ];
    assert_eq!(reply.faults(), pairs(&expected));
    insta::assert_json_snapshot!(reply.json(), {".requestId" => "[request id]"});
}

#[tokio::test]
async fn all_violations_of_rules_come_together() {
    let world = World::new().await;
    let body = json!({
        "name": "a\u{0}", "expiry": world.now(), "permissions": ["api.task.read", "api.tasks.read"],
        "allowedAddresses": ["10.0.0.1/8", "host"],
    });
    let reply = world.send(world.ask("POST", TOKENS).json(&body)).await;
    reply.problem(422, "rule-violated");
    let expected = [
        ("/allowedAddresses/0", "host-bits-set"),
        ("/allowedAddresses/1", "invalid-address"),
        ("/expiry", "expiry-in-past"),
        ("/name", "invalid-name"),
        ("/permissions/0", "unknown-permission"),
    ];
    assert_eq!(reply.faults(), pairs(&expected));
    insta::assert_json_snapshot!(reply.json(), {".requestId" => "[request id]"});
}

#[tokio::test]
async fn nobody_hands_out_what_they_lack() {
    let world = World::new().await;
    let writer = world
        .token("writer", &["api.api-tokens.write", "api.tasks.read"])
        .await;
    let reply = world
        .send(Ask::new("POST", TOKENS).by(&writer.secret).json(&draft()))
        .await;
    reply.problem(403, "permission-not-held");
    assert_eq!(
        reply.faults(),
        pairs(&[("/permissions/0", "permission-not-held")])
    );
    assert_eq!(reply.json()["errors"][0]["value"], "api.tasks.write");
}

#[tokio::test]
async fn names_are_taken_whatever_their_case() {
    let world = World::new().await;
    world
        .send(world.ask("POST", TOKENS).json(&draft()))
        .await
        .expect(201);
    let mut again = draft();
    again["name"] = "NIGHTLY ＥＸＰＯＲＴ".into();
    let reply = world.send(world.ask("POST", TOKENS).json(&again)).await;
    reply.problem(409, "name-taken");
}

#[tokio::test]
async fn one_key_makes_one_token() {
    let world = World::new().await;
    let ask = |key: &str, body: &Value| {
        world
            .ask("POST", TOKENS)
            .header("idempotency-key", key)
            .json(body)
    };
    let first = world.send(ask("k-1", &draft())).await.expect(201);
    let again = world.send(ask("k-1", &draft())).await;
    let problem = again.problem(409, "already-created");
    assert_eq!(problem["id"], first["id"]);
    assert_eq!(
        again.header("location"),
        format!("{TOKENS}/{}", first["id"].as_str().unwrap())
    );
    assert!(!String::from_utf8_lossy(&again.body).contains(first["token"].as_str().unwrap()));
    let mut other = draft();
    other["name"] = "other".into();
    world
        .send(ask("k-1", &other))
        .await
        .problem(422, "idempotency-key-reused");
    world.stores.clock.advance(24 * 60 * 60 + 1);
    world.send(ask("k-1", &other)).await.expect(201);
    for bad in ["", "a b", &"x".repeat(256)] {
        world
            .send(ask(bad, &other))
            .await
            .problem(400, "invalid-parameter");
    }
    let twice = ask("a", &other).header("idempotency-key", "b");
    world.send(twice).await.problem(400, "invalid-parameter");
}
