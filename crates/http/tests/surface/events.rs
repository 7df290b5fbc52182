//! The history of a token.

use countersign_application::testing::rename_to;
use serde_json::json;

use super::world::{Ask, World, path};

#[tokio::test]
async fn the_history_stays_when_the_token_is_gone() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let ask = world
        .ask("PUT", path(&made.view))
        .header("x-request-id", "r-1");
    world
        .send(ask.json(&json!({"version": 1, "name": "two"})))
        .await
        .expect(200);
    world
        .send(world.ask("DELETE", path(&made.view)))
        .await
        .expect(204);
    world
        .send(world.ask("GET", path(&made.view)))
        .await
        .problem(404, "token-not-found");
    let events = world
        .send(world.ask("GET", format!("{}/events", path(&made.view))))
        .await
        .expect(200);
    insta::assert_json_snapshot!(events, {
        ".content[2].secretCommitment" => "[commitment]",
        ".content[].hash" => "[hash]", ".content[].requestId" => "[request id]", ".content[].userInfo.userId" => "[id]",
    });
    assert_eq!(events["content"][1]["requestId"], "r-1");
    let commitment = made.secret.digest().commitment().to_string();
    assert_eq!(events["content"][2]["secretCommitment"], commitment);
}

#[tokio::test]
async fn the_history_comes_page_by_page() {
    let world = World::new().await;
    let mut view = world.home.make("v1").await.view;
    for n in 2..=5 {
        view = world.home.update(&view, &rename_to(&format!("v{n}"))).await;
    }
    let target = format!("{}/events", path(&view));
    let (mut versions, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world
            .send(world.ask("GET", format!("{target}?limit=2{cursor}")))
            .await
            .expect(200);
        let content = page["content"].as_array().unwrap();
        versions.extend(
            content
                .iter()
                .map(|event| event["version"].as_i64().unwrap()),
        );
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(versions, [5, 4, 3, 2, 1]);
    let other = world.home.make("other").await.view;
    let elsewhere = format!("{}/events?limit=2{cursor}", path(&other));
    world
        .send(world.ask("GET", elsewhere))
        .await
        .problem(400, "invalid-parameter");
    let outsider = world.away.make("outsider").await;
    let unseen = Ask::new("GET", target).by(&outsider.secret);
    world.send(unseen).await.problem(404, "token-not-found");
}

#[tokio::test]
async fn a_rotation_tells_when_the_old_secret_ends_and_shows_neither() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    let body = json!({"version": 1, "overlapSeconds": 3600});
    let rotation = world.ask("POST", format!("{target}/rotate")).json(&body);
    let new = world.send(rotation).await.expect(200);
    let reply = world
        .send(world.ask("GET", format!("{target}/events")))
        .await;
    let event = &reply.expect(200)["content"][0];
    let expected = json!({
        "partialToken": {"before": made.secret.masked().as_str(), "after": new["partialToken"]},
        "replacedRetiresAt": {"before": null, "after": "2026-06-01T13:00:00Z"},
    });
    assert_eq!(event["type"], "rotated");
    assert_eq!(event["changes"], expected);
    let text = String::from_utf8_lossy(&reply.body);
    assert!(!text.contains(new["token"].as_str().unwrap()));
    assert!(!text.contains(made.secret.expose()));
}
