//! Preconditions: reading only what is new, changing only what was seen.

use serde_json::{Value, json};

use super::world::{Ask, World, path};

#[tokio::test]
async fn what_the_client_holds_is_not_sent_again() {
    let world = World::new().await;
    let target = path(&world.root.view);
    for (condition, status) in [
        ("\"1\"", 304),
        ("W/\"1\"", 304),
        ("*", 304),
        ("\"7\", W/\"1\"", 304),
        ("\"2\"", 200),
        ("\"x\"", 200),
        ("1", 400),
        ("\"1", 400),
    ] {
        let reply = world
            .send(
                world
                    .ask("GET", target.as_str())
                    .header("if-none-match", condition),
            )
            .await;
        assert_eq!(reply.status, status, "{condition}");
        if status == 304 {
            assert!(reply.body.is_empty());
            assert_eq!(reply.header("etag"), "\"1\"");
        }
    }
}

/// A PUT of version 1's token with these conditions and fields.
async fn put(conditions: &[&str], version: Value) -> (u16, Value) {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let mut body = json!({"name": "two"});
    if !version.is_null() {
        body["version"] = version;
    }
    let mut ask = world.ask("PUT", path(&made.view)).json(&body);
    for condition in conditions {
        ask = ask.header("if-match", condition);
    }
    let reply = world.send(ask).await;
    let answer = reply.json();
    let kind = answer["type"].as_str().unwrap_or_default().to_owned();
    (
        reply.status.as_u16(),
        if kind.is_empty() {
            answer["version"].clone()
        } else {
            kind.into()
        },
    )
}

#[tokio::test]
async fn if_match_and_the_body_name_one_version() {
    let done = || (200, json!(2));
    let problem = |status, code: &str| (status, json!(format!("/problems/{code}")));
    for (conditions, version, expected) in [
        (&["\"1\""][..], Value::Null, done()),
        (&["\"1\""], json!(1), done()),
        (&["*"], json!(1), done()),
        (&["\"1\", \"5\""], Value::Null, done()),
        (&["\"5\"", "\"1\""], json!(1), done()),
        (&["*"], Value::Null, problem(400, "invalid-body")),
        (&[], Value::Null, problem(400, "invalid-body")),
        (&["1"], json!(1), problem(400, "invalid-parameter")),
        (&["\"2\""], json!(1), problem(400, "invalid-parameter")),
        (&["\"1\""], json!(2), problem(400, "invalid-parameter")),
        (&["\"2\""], Value::Null, problem(412, "precondition-failed")),
        (&["\"2\""], json!(2), problem(412, "precondition-failed")),
        (
            &["\"01\""],
            Value::Null,
            problem(412, "precondition-failed"),
        ),
        (
            &["W/\"1\""],
            Value::Null,
            problem(412, "precondition-failed"),
        ),
        (&["W/\"1\""], json!(1), problem(412, "precondition-failed")),
        (&["*"], json!(2), problem(409, "version-conflict")),
        (&[], json!(2), problem(409, "version-conflict")),
    ] {
        assert_eq!(
            put(conditions, version.clone()).await,
            expected,
            "{conditions:?} {version}"
        );
    }
}

#[tokio::test]
async fn the_loser_learns_what_won_where_it_may_read() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let writer = world.token("writer", &["api.api-tokens.write"]).await;
    let stale = json!({"version": 9, "name": "two"});
    for (by, shown) in [(&world.root, true), (&writer, false)] {
        for conditional in [false, true] {
            let mut ask = Ask::new("PUT", path(&made.view))
                .by(&by.secret)
                .json(&stale);
            if conditional {
                ask = ask.header("if-match", "\"9\"");
            }
            let answer = world.send(ask).await.json();
            assert_eq!(answer["status"], if conditional { 412 } else { 409 });
            assert_eq!(answer["currentVersion"], 1);
            assert_eq!(answer["current"]["name"] == "one", shown, "{answer}");
        }
    }
}

#[tokio::test]
async fn revoking_takes_a_condition_too() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let ask = |condition: &str| {
        world
            .ask("DELETE", path(&made.view))
            .header("if-match", condition)
    };
    world
        .send(ask("\"2\""))
        .await
        .problem(412, "precondition-failed");
    world
        .send(ask("W/\"1\""))
        .await
        .problem(412, "precondition-failed");
    world.send(ask("x")).await.problem(400, "invalid-parameter");
    let unknown = ask("\"1\"").header("if-none-match", "*");
    world.send(unknown).await.problem(400, "invalid-parameter");
    assert!(world.send(ask("\"3\", \"1\"")).await.expect(204).is_null());
    world
        .send(ask("\"1\""))
        .await
        .problem(404, "token-not-found");
    let other = world.home.make("two").await;
    let any = world
        .ask("DELETE", path(&other.view))
        .header("if-match", "*");
    world.send(any).await.expect(204);
}
