//! Reading one token, and what every answer has.

use super::world::{Ask, TOKENS, World, path};

#[tokio::test]
async fn a_record_is_read_with_its_tag() {
    let world = World::new().await;
    let reply = world.send(world.ask("GET", path(&world.root.view))).await;
    let record = reply.expect(200);
    assert_eq!(record["id"], world.root.view.token.id.to_string());
    assert_eq!(reply.header("etag"), "\"1\"");
    assert_eq!(reply.header("content-type"), "application/json");
    let upper = format!(
        "{TOKENS}/{}",
        world.root.view.token.id.to_string().to_uppercase()
    );
    assert_eq!(
        world.send(world.ask("GET", upper)).await.expect(200),
        record
    );
}

#[tokio::test]
async fn what_is_not_there_looks_the_same_whatever_the_reason() {
    let world = World::new().await;
    let elsewhere = world.away.make("elsewhere").await;
    let gone = world.home.make("gone").await;
    world.home.revoke(&gone.view).await;
    let unknown = format!("{TOKENS}/01900000-0000-7000-8000-000000000000");
    let ask = |target: String| world.ask("GET", target).header("x-request-id", "r");
    let expected = world.send(ask(unknown)).await;
    expected.problem(404, "token-not-found");
    let mut targets = vec![path(&elsewhere.view), path(&gone.view)];
    for id in [
        "abc",
        "0",
        "-1",
        "%00",
        "%7Bid%7D",
        "%ff",
        "0190000000007000800000000000000000000",
    ] {
        targets.push(format!("{TOKENS}/{id}"));
    }
    for target in targets {
        let reply = world.send(ask(target.clone())).await;
        assert_eq!(
            (reply.status, reply.body),
            (expected.status, expected.body.clone()),
            "{target}"
        );
    }
}

#[tokio::test]
async fn the_caller_reads_itself_without_any_permission() {
    let world = World::new().await;
    let small = world.token("small", &["api.tasks.read"]).await;
    let own = Ask::new("GET", format!("{TOKENS}/current")).by(&small.secret);
    assert_eq!(world.send(own).await.expect(200)["name"], "small");
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let world = World::new().await;
    for (sent, kept) in [
        ("abc-1.2:3_X", true),
        ("a b", false),
        ("a\"b", false),
        (&"x".repeat(129), false),
    ] {
        let reply = world
            .send(Ask::new("GET", "/health/live").header("x-request-id", sent))
            .await;
        reply.expect(200);
        assert_eq!(reply.header("x-request-id") == sent, kept, "{sent}");
        assert!(!reply.header("x-request-id").is_empty());
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    let twice = Ask::new("GET", "/health/live")
        .header("x-request-id", "a")
        .header("x-request-id", "b");
    let id = world.send(twice).await.header("x-request-id").to_owned();
    assert!(id != "a" && id != "b" && !id.is_empty());
}

#[tokio::test]
async fn unknown_parameters_are_told_on_every_operation() {
    let world = World::new().await;
    let one = path(&world.root.view);
    for (method, target) in [
        ("GET", TOKENS.to_owned()),
        ("POST", TOKENS.to_owned()),
        ("GET", one.clone()),
        ("PUT", one.clone()),
        ("DELETE", one.clone()),
        ("POST", format!("{one}/rotate")),
        ("GET", format!("{one}/events")),
        ("GET", format!("{TOKENS}/current")),
        ("POST", format!("{TOKENS}/query")),
        ("GET", "/api/v1/permissions".to_owned()),
        ("GET", "/api/v1/users/current".to_owned()),
        ("GET", "/health/live".to_owned()),
        ("GET", "/health/ready".to_owned()),
    ] {
        let reply = world
            .send(world.ask(method, format!("{target}?access_token=csg_hidden")))
            .await;
        reply.problem(400, "invalid-parameter");
        assert_eq!(reply.json()["errors"][0]["parameter"], "access_token");
        assert!(
            !String::from_utf8_lossy(&reply.body).contains("hidden"),
            "{target}"
        );
    }
}
