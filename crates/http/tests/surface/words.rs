//! What a refusal says is what would be right.

use serde_json::{Value, json};

use super::world::{Ask, World, path};

/// The detail of the one error that a problem names.
fn detail(problem: &Value) -> &str {
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    problem["errors"][0]["detail"].as_str().unwrap()
}

#[tokio::test]
async fn a_number_out_of_range_is_not_called_no_number() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let (put, rotate) = (path(&made.view), format!("{}/rotate", path(&made.view)));
    for (method, target, body, bounds) in [
        (
            "POST",
            &rotate,
            json!({"version": 1, "overlapSeconds": 604_801}),
            "0 to 604800",
        ),
        (
            "POST",
            &rotate,
            json!({"version": 1, "overlapSeconds": -1}),
            "0 to 604800",
        ),
        (
            "POST",
            &rotate,
            json!({"version": 1, "overlapSeconds": 1.5}),
            "0 to 604800",
        ),
        (
            "PUT",
            &put,
            json!({"version": 0, "name": "x"}),
            "1 to 9223372036854775807",
        ),
    ] {
        let ask = world.ask(method, target.as_str()).json(&body);
        let problem = world.send(ask).await.problem(400, "invalid-body");
        let said = detail(&problem);
        assert!(
            said.contains(bounds) && !said.contains("not"),
            "{body}: {said}"
        );
    }
    let body = json!({"version": 1, "overlapSeconds": "1"});
    let ask = world.ask("POST", rotate.as_str()).json(&body);
    let problem = world.send(ask).await.problem(400, "invalid-body");
    assert!(detail(&problem).ends_with("not a text"), "{problem}");
}

#[tokio::test]
async fn a_missing_version_names_both_places_for_it() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    for (method, target, body) in [
        ("PUT", target.clone(), json!({"name": "x"})),
        ("POST", format!("{target}/rotate"), json!({})),
    ] {
        for condition in [None, Some("*")] {
            let mut ask = world.ask(method, target.as_str()).json(&body);
            if let Some(condition) = condition {
                ask = ask.header("if-match", condition);
            }
            let problem = world.send(ask).await.problem(400, "invalid-body");
            assert_eq!(problem["errors"][0]["pointer"], "/version");
            assert!(detail(&problem).contains("If-Match"), "{problem}");
        }
    }
}

#[tokio::test]
async fn a_weak_tag_is_said_never_to_match() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    for (condition, weak) in [
        ("W/\"1\"", true),
        ("\"7\", W/\"1\"", true),
        ("\"7\"", false),
    ] {
        for (method, target, body) in [
            ("PUT", target.clone(), Some(json!({"name": "x"}))),
            ("POST", format!("{target}/rotate"), Some(json!({}))),
            ("DELETE", target.clone(), None),
            ("GET", target.clone(), None),
        ] {
            let mut ask = world
                .ask(method, target.as_str())
                .header("if-match", condition);
            if let Some(body) = body {
                ask = ask.json(&body);
            }
            let problem = world.send(ask).await.problem(412, "precondition-failed");
            let said = problem["detail"].as_str().unwrap();
            assert_eq!(said.contains("weak"), weak, "{method} {condition}: {said}");
        }
    }
    let unknown = "/api/v1/api-tokens/0197c9ff-0000-7000-8000-000000000000";
    let ask = world.ask("DELETE", unknown).header("if-match", "W/\"1\"");
    let problem = world.send(ask).await.problem(404, "token-not-found");
    assert!(!problem["detail"].as_str().unwrap().contains("weak"));
}

#[tokio::test]
async fn a_wrong_media_type_names_the_one_that_the_route_reads() {
    let world = World::new().await;
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (target, right, wrong) in [
        ("/oauth2/introspect", form, json),
        ("/oauth2/revoke", form, json),
        ("/api/v1/api-tokens", json, form),
        ("/api/v1/api-tokens/verify", json, form),
    ] {
        for sent in [wrong, "text/plain"] {
            let ask: Ask = world.ask("POST", target).text(sent, "{}");
            let problem = world.send(ask).await.expect(415);
            let words = format!("{} {}", problem["title"], problem["detail"]);
            assert!(
                words.contains(right) && !words.contains(wrong),
                "{target}: {words}"
            );
        }
    }
}
