//! What a caller without `api.api-tokens.read` learns from changing tokens: only what it sent, the
//! id, the version, the names of the changed fields, and a new secret if it made one.

use countersign_application::IssuedToken;
use serde_json::{Value, json};

use super::world::{Ask, TOKENS, World, path};

/// The members of an answer.
fn members(answer: &Value) -> Vec<&str> {
    let members = answer.as_object().unwrap();
    members.keys().map(String::as_str).collect()
}

/// A world with a token that nobody but readers may see, and a writer that may not.
async fn world() -> (World, IssuedToken, IssuedToken) {
    let world = World::new().await;
    let mut draft = world.home.draft("hidden name");
    draft.allowed_addresses = vec!["203.0.113.77".into()];
    draft.permissions = vec!["api.engagements.read".into(), "api.tasks.read".into()];
    let hidden = world.home.make_of(&draft).await;
    let held = ["api.api-tokens.write", "api.tasks.read"];
    let writer = world.token("writer", &held).await;
    (world, hidden, writer)
}

#[tokio::test]
async fn an_update_answers_with_what_was_sent() {
    let (world, hidden, writer) = world().await;
    let put = |query: &str, body: Value| {
        let ask = Ask::new("PUT", path(&hidden.view) + query);
        world.send(ask.by(&writer.secret).json(&body))
    };
    let plain = ["changedFields", "id", "name", "version"];
    for (query, version) in [("?dryRun=true", 2), ("", 2)] {
        let answer = put(query, json!({"version": 1, "name": " ＮEW "}))
            .await
            .expect(200);
        let mut expected = plain.to_vec();
        if !query.is_empty() {
            expected.insert(1, "dryRun");
        }
        assert_eq!(members(&answer), expected, "{query}");
        assert_eq!(
            (
                &answer["name"],
                &answer["version"],
                &answer["changedFields"]
            ),
            (&json!("ＮEW"), &json!(version), &json!(["name"]))
        );
    }
    let same = put("", json!({"version": 2, "name": "ＮEW"}))
        .await
        .expect(200);
    assert_eq!(members(&same), plain);
    assert_eq!(same["changedFields"], json!([]));
    let narrower = json!({
        "version": 2, "name": "ＮEW", "expiry": "2026-07-01T00:00:00Z",
        "allowedAddresses": ["203.0.113.77/32"], "permissions": ["api.tasks.read"],
    });
    let answer = put("?dryRun=true", narrower).await.expect(200);
    assert_eq!(answer["changedFields"], json!(["expiry", "permissions"]));
    assert_eq!(answer["allowedAddresses"], json!(["203.0.113.77"]));
    assert_eq!(answer["permissions"], json!(["api.tasks.read"]));
    assert_eq!(answer["expiry"], "2026-07-01T00:00:00Z");
    assert_eq!(answer["changes"], Value::Null);
}

#[tokio::test]
async fn a_creation_and_a_rotation_answer_with_the_secret_besides() {
    let (world, _, writer) = world().await;
    let body = json!({
        "name": "made", "expiry": "2027-01-01T00:00:00Z", "permissions": ["api.tasks.read"],
    });
    let create = Ask::new("POST", TOKENS).by(&writer.secret).json(&body);
    let made = world.send(create).await.expect(201);
    let expected = [
        "allowedAddresses",
        "expiry",
        "id",
        "name",
        "permissions",
        "token",
        "version",
    ];
    assert_eq!(members(&made), expected);
    let target = format!("{TOKENS}/{}/rotate", made["id"].as_str().unwrap());
    let rotate = Ask::new("POST", target).by(&writer.secret);
    let rotated = world.send(rotate.json(&json!({"version": 1}))).await;
    let rotated = rotated.expect(200);
    assert_eq!(members(&rotated), ["id", "token", "version"]);
    assert_ne!(rotated["token"], made["token"]);
}

#[tokio::test]
async fn its_own_record_is_shown_to_a_token_whatever_it_holds() {
    let (world, _, writer) = world().await;
    let body = json!({"version": 1, "name": "renamed"});
    let put = Ask::new("PUT", path(&writer.view)).by(&writer.secret);
    let answer = world.send(put.json(&body)).await.expect(200);
    assert_eq!(answer["partialToken"], writer.view.token.partial.as_str());
    assert_eq!(answer["changedFields"], Value::Null);
}

/// Requests for a change of a token that a writer is refused, each with its status.
fn refused(target: &str, query: &str) -> Vec<(Ask, u16)> {
    let put = |fields: Value| {
        let mut body = json!({"version": 1, "name": "other"});
        let fields = fields.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        Ask::new("PUT", format!("{target}{query}")).json(&body)
    };
    let rotate = |version: u8| {
        let target = format!("{target}/rotate{query}");
        Ask::new("POST", target).json(&json!({"version": version}))
    };
    let unconditional = json!({"name": "other"}).to_string();
    vec![
        (put(json!({"version": 7})), 409),
        (put(json!({"expiry": "2027-07-01T00:00:00Z"})), 403),
        (put(json!({"expiry": "2099-01-01T00:00:00Z"})), 403),
        (put(json!({"expiry": "2020-01-01T00:00:00Z"})), 422),
        (put(json!({"allowedAddresses": []})), 403),
        (
            put(json!({"permissions": ["api.tasks.read", "api.users.read"]})),
            403,
        ),
        (put(json!({"permissions": []})), 422),
        (
            put(json!({"expiry": "2027-07-01T00:00:00Z", "version": 7})),
            409,
        ),
        (
            Ask::new("PUT", format!("{target}{query}"))
                .header("if-match", "\"7\"")
                .text("application/json", &unconditional),
            412,
        ),
        (rotate(7), 409),
        (rotate(1), 403),
        (Ask::new("GET", target.to_owned()), 403),
        (Ask::new("DELETE", format!("{target}{query}")), 403),
    ]
}

/// Whatever is asked and however it is refused: no value of the record is in an answer, nor one
/// that follows from it.
#[tokio::test]
async fn no_refusal_shows_what_is_stored() {
    let (world, hidden, writer) = world().await;
    let target = path(&hidden.view);
    let record = world
        .send(world.ask("GET", target.as_str()))
        .await
        .expect(200);
    let created = record["creationDate"].as_str().unwrap();
    let latest = created.replacen("2026", "2028", 1);
    let secrets = [
        "hidden name",
        "203.0.113.77",
        "api.engagements.read",
        hidden.view.token.partial.as_str(),
        record["userId"].as_str().unwrap(),
        record["expiry"].as_str().unwrap(),
        created,
        &latest,
    ];
    for query in ["", "?dryRun=true"] {
        for (ask, status) in refused(&target, query) {
            let reply = world.send(ask.by(&writer.secret)).await;
            let mut told = reply.expect(status);
            told.as_object_mut().unwrap().remove("requestId");
            let told = told.to_string();
            for secret in secrets {
                assert!(!told.contains(secret), "{status} shows {secret}: {told}");
            }
        }
    }
    let far = json!({"version": 1, "name": "x", "expiry": "2099-01-01T00:00:00Z"});
    let by_root = world
        .send(world.ask("PUT", target.as_str()).json(&far))
        .await;
    let told = by_root.expect(422).to_string();
    assert!(told.contains(&latest), "readers are shown it: {told}");
}
