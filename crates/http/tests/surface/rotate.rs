//! Giving a token a new secret: what is answered, what works from then on, and what is refused.

use countersign_domain::Secret;
use serde_json::{Value, json};

use super::world::{Ask, Reply, TOKENS, World, pairs, path};

fn rotation(world: &World, target: &str, body: &Value) -> Ask {
    world.ask("POST", format!("{target}/rotate")).json(body)
}

async fn rotate(world: &World, target: &str, body: &Value) -> Reply {
    world.send(rotation(world, target, body)).await
}

/// The secret that an answer shows.
fn shown(reply: &Reply) -> Secret {
    let record = reply.expect(200);
    Secret::parse(record["token"].as_str().unwrap()).unwrap()
}

/// What a secret gets to hear: `None` = it works.
async fn refusal(world: &World, secret: &Secret) -> Option<Value> {
    let own = Ask::new("GET", format!("{TOKENS}/current")).by(secret);
    let reply = world.send(own).await;
    (reply.status != 200).then(|| reply.problem(401, "invalid-token")["type"].clone())
}

async fn works(world: &World, secret: &Secret) -> bool {
    refusal(world, secret).await.is_none()
}

#[tokio::test]
async fn a_new_secret_is_shown_once_and_the_old_one_ends() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    world.stores.clock.advance(60);
    let reply = rotate(&world, &target, &json!({"version": 1})).await;
    let record = reply.expect(200);
    insta::assert_json_snapshot!(record, {
        ".id" => "[id]", ".userId" => "[id]", ".partialToken" => "[partial]", ".token" => "[secret]",
        ".createdUserInfo.userId" => "[id]", ".lastModifiedUserInfo.userId" => "[id]",
    });
    assert_eq!(reply.header("etag"), "\"2\"");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(record["id"], made.view.token.id.to_string());
    assert_eq!(record["userId"], made.view.token.user.to_string());
    let new = shown(&reply);
    assert_eq!(
        record["partialToken"],
        json!(new.masked().as_str()),
        "of the new one"
    );
    assert!(works(&world, &new).await);
    assert!(!works(&world, &made.secret).await);

    let mut read = world.send(world.ask("GET", target)).await.expect(200);
    let secrets = read.as_object_mut().unwrap().remove("secrets").unwrap();
    assert_eq!(secrets.as_array().unwrap().len(), 1);
    let mut expected = record;
    expected.as_object_mut().unwrap().remove("token");
    assert_eq!(read, expected);
}

#[tokio::test]
async fn the_old_secret_works_until_the_overlap_ends() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    world.stores.clock.advance(60);
    let body = json!({"version": 1, "overlapSeconds": 3600});
    let new = shown(&rotate(&world, &target, &body).await);
    assert!(works(&world, &made.secret).await && works(&world, &new).await);
    let read = world
        .send(world.ask("GET", target.as_str()))
        .await
        .expect(200);
    insta::assert_json_snapshot!(read["secrets"], {"[].partialToken" => "[partial]", "[].id" => "[id]"});
    let partial = |secret: &Secret| json!(secret.masked().as_str());
    assert_eq!(read["secrets"][0]["partialToken"], partial(&new));
    assert_eq!(read["secrets"][1]["partialToken"], partial(&made.secret));

    world.stores.clock.advance(3599);
    assert!(works(&world, &made.secret).await);
    world.stores.clock.advance(1);
    assert!(!works(&world, &made.secret).await, "at its end it is over");
    assert!(works(&world, &new).await);
    let read = world.send(world.ask("GET", target)).await.expect(200);
    assert_eq!(read["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(read["version"], 2, "an end is no change");
}

#[tokio::test]
async fn no_overlap_outlasts_the_token() {
    let world = World::new().await;
    let mut draft = world.home.draft("short");
    draft.expiry = world.stores.clock.now().plus_seconds(60);
    let made = world.home.make_of(&draft).await;
    let target = path(&made.view);
    let body = json!({"version": 1, "overlapSeconds": 604_800});
    rotate(&world, &target, &body).await.expect(200);
    let read = world.send(world.ask("GET", target)).await.expect(200);
    assert_eq!(read["secrets"][1]["retirementDate"], read["expiry"]);
}

#[tokio::test]
async fn a_further_rotation_ends_the_oldest_secret() {
    let world = World::new().await;
    let first = world.home.make("one").await;
    let target = path(&first.view);
    let body = |version: u8| json!({"version": version, "overlapSeconds": 3600});
    let second = shown(&rotate(&world, &target, &body(1)).await);
    let third = shown(&rotate(&world, &target, &body(2)).await);
    assert!(!works(&world, &first.secret).await);
    assert!(works(&world, &second).await && works(&world, &third).await);
}

#[tokio::test]
async fn a_cut_ends_all_older_secrets_at_once() {
    let world = World::new().await;
    let first = world.home.make("one").await;
    let target = path(&first.view);
    let overlapping = json!({"version": 1, "overlapSeconds": 3600});
    let second = shown(&rotate(&world, &target, &overlapping).await);
    let cut = |query: &str, body: &Value| {
        let target = format!("{target}/rotate?{query}");
        world.ask("POST", target).json(body)
    };
    for query in ["cut=", "cut=later", "cut=NOW", "cut=now&cut=now", "Cut=now"] {
        let reply = world.send(cut(query, &json!({"version": 2}))).await;
        reply.problem(400, "invalid-parameter");
    }
    let both = json!({"version": 2, "overlapSeconds": 1});
    let reply = world.send(cut("cut=now", &both)).await;
    reply.problem(400, "invalid-parameter");
    let expected = [
        ("/overlapSeconds", "contradicting-overlap"),
        ("cut", "contradicting-overlap"),
    ];
    assert_eq!(reply.faults(), pairs(&expected));
    assert!(works(&world, &first.secret).await && works(&world, &second).await);

    let agreeing = json!({"version": 2, "overlapSeconds": 0});
    let third = shown(&world.send(cut("cut=now", &agreeing)).await);
    assert!(!works(&world, &first.secret).await && !works(&world, &second).await);
    assert!(works(&world, &third).await);
}

#[tokio::test]
async fn of_two_rotations_of_one_version_one_wins() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    let body = json!({"version": 1, "overlapSeconds": 60});
    let (one, other) = tokio::join!(
        rotate(&world, &target, &body),
        rotate(&world, &target, &body)
    );
    let (winner, loser) = if one.status == 200 {
        (one, other)
    } else {
        (other, one)
    };
    let problem = loser.problem(409, "version-conflict");
    assert_eq!(problem["currentVersion"], 2);
    assert_eq!(problem["current"]["version"], 2);
    assert_eq!(problem["token"], Value::Null);
    assert!(works(&world, &shown(&winner)).await && works(&world, &made.secret).await);
    let again = rotate(&world, &target, &body).await;
    again.problem(409, "version-conflict");
}

#[tokio::test]
async fn a_new_secret_takes_all_of_the_tokens_permissions() {
    let world = World::new().await;
    let writer = world
        .token(
            "writer",
            &[
                "api.api-tokens.read",
                "api.api-tokens.write",
                "api.tasks.read",
            ],
        )
        .await;
    let strong = world.home.make("strong").await;
    let body = json!({"version": 1});
    let by_writer = |target: &str| {
        let ask = Ask::new("POST", format!("{target}/rotate"));
        world.send(ask.by(&writer.secret).json(&body))
    };
    let reply = by_writer(&path(&strong.view)).await;
    reply.problem(403, "permission-not-held");
    insta::assert_json_snapshot!(reply.json(), {".requestId" => "[request id]"});
    assert!(works(&world, &strong.secret).await);

    let equal = world.token("equal", &["api.tasks.read"]).await;
    by_writer(&path(&equal.view)).await.expect(200);
    assert!(!works(&world, &equal.secret).await);
    let own = shown(&by_writer(&path(&writer.view)).await);
    assert!(works(&world, &own).await && !works(&world, &writer.secret).await);
}

#[tokio::test]
async fn an_expired_token_gets_no_new_secret() {
    let world = World::new().await;
    let mut draft = world.home.draft("short");
    draft.expiry = world.stores.clock.now().plus_seconds(60);
    let made = world.home.make_of(&draft).await;
    world.stores.clock.advance(60);
    let reply = rotate(&world, &path(&made.view), &json!({"version": 1})).await;
    reply.problem(409, "token-not-revivable");
    insta::assert_json_snapshot!(reply.json(), {".requestId" => "[request id]"});
    let elsewhere = world.away.make("elsewhere").await;
    let reply = rotate(&world, &path(&elsewhere.view), &json!({"version": 1})).await;
    reply.problem(404, "token-not-found");
}

#[tokio::test]
async fn if_match_stands_for_the_version() {
    for (condition, body, status, code) in [
        ("\"1\"", json!({}), 200, ""),
        ("\"1\"", json!({"version": 1}), 200, ""),
        ("*", json!({"version": 1}), 200, ""),
        ("*", json!({}), 400, "invalid-body"),
        ("1", json!({"version": 1}), 400, "invalid-parameter"),
        ("\"1\"", json!({"version": 2}), 400, "invalid-parameter"),
        ("\"2\"", json!({}), 412, "precondition-failed"),
        ("W/\"1\"", json!({"version": 1}), 412, "precondition-failed"),
        ("*", json!({"version": 2}), 409, "version-conflict"),
    ] {
        let world = World::new().await;
        let made = world.home.make("one").await;
        let ask = rotation(&world, &path(&made.view), &body).header("if-match", condition);
        let reply = world.send(ask).await;
        let answer = reply.expect(status);
        if status == 200 {
            assert_eq!(reply.header("etag"), "\"2\"");
        } else {
            assert_eq!(answer["type"], format!("/problems/{code}"), "{condition}");
            assert!(works(&world, &made.secret).await);
        }
    }
}

#[tokio::test]
async fn every_bad_body_is_refused_at_its_place() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    for overlap in [
        "-1",
        "604801",
        "1.5",
        "1.0",
        "1e3",
        "\"60\"",
        "null",
        "true",
        "[60]",
        "{}",
        "4294967296",
    ] {
        let body = format!(r#"{{"version": 1, "overlapSeconds": {overlap}}}"#);
        let ask = world.ask("POST", format!("{target}/rotate"));
        let reply = world.send(ask.text("application/json", &body)).await;
        reply.problem(400, "invalid-body");
        let expected = pairs(&[("/overlapSeconds", "wrong-type")]);
        assert_eq!(reply.faults(), expected, "{overlap}");
    }
    for (body, expected) in [
        (json!({}), vec![("/version", "missing-field")]),
        (
            json!({"overlapSeconds": 60}),
            vec![("/version", "missing-field")],
        ),
        (
            json!({"version": "1", "overlapSeconds": -1, "overlapseconds": 60, "name": "x"}),
            vec![
                ("/name", "unknown-field"),
                ("/overlapSeconds", "wrong-type"),
                ("/overlapseconds", "unknown-field"),
                ("/version", "wrong-type"),
            ],
        ),
        (json!([]), vec![("", "wrong-type")]),
        (json!(null), vec![("", "wrong-type")]),
    ] {
        let reply = rotate(&world, &target, &body).await;
        reply.problem(400, "invalid-body");
        assert_eq!(reply.faults(), pairs(&expected), "{body}");
    }
    assert!(works(&world, &made.secret).await);
}
