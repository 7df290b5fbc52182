//! Users and permissions.

use super::world::{Ask, TOKENS, World};

#[tokio::test]
async fn users_are_read_in_the_own_tenant_only() {
    let world = World::new().await;
    let own = world
        .send(world.ask("GET", "/api/v1/users/current"))
        .await
        .expect(200);
    insta::assert_json_snapshot!(own, {".id" => "[id]"});
    let same = world
        .send(world.ask(
            "GET",
            format!("/api/v1/users/{}", own["id"].as_str().unwrap()),
        ))
        .await;
    assert_eq!(same.expect(200), own);
    let system = format!("/api/v1/users/{}", world.home.tenant.system.id);
    assert_eq!(
        world.send(world.ask("GET", system)).await.expect(200)["kind"],
        "system"
    );
    let away = format!("/api/v1/users/{}", world.away.tenant.system.id);
    let reply = world
        .send(world.ask("GET", away).header("x-request-id", "r"))
        .await;
    reply.problem(404, "user-not-found");
    let malformed = world
        .send(
            world
                .ask("GET", "/api/v1/users/abc")
                .header("x-request-id", "r"),
        )
        .await;
    assert_eq!(malformed.body, reply.body);
}

#[tokio::test]
async fn a_rename_shows_everywhere_and_a_revoked_one_is_kept() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let body = serde_json::json!({"version": 1, "name": "two"});
    world
        .send(
            world
                .ask("PUT", format!("{TOKENS}/{}", made.view.token.id))
                .json(&body),
        )
        .await
        .expect(200);
    let own = Ask::new("GET", "/api/v1/users/current").by(&made.secret);
    assert_eq!(world.send(own).await.expect(200)["name"], "two");
    world
        .send(world.ask("DELETE", format!("{TOKENS}/{}", made.view.token.id)))
        .await
        .expect(204);
    let user = format!("/api/v1/users/{}", made.view.token.user);
    let closed = world.send(world.ask("GET", user)).await.expect(200);
    assert_eq!(
        (&closed["enabled"], &closed["name"]),
        (&false.into(), &"two".into())
    );
}

#[tokio::test]
async fn the_catalog_is_shown_in_parts() {
    let world = World::new().await;
    let list = world
        .send(world.ask("GET", "/api/v1/permissions"))
        .await
        .expect(200);
    let content = list["content"].as_array().unwrap();
    let renewal = serde_json::json!(
        {"name": "api.api-tokens.rotate-self", "area": "api.api-tokens", "verb": "rotate-self"}
    );
    assert!(content.contains(&renewal));
    assert_eq!(content.len(), countersign_domain::standard::ALL.len() + 1);
    let expected =
        serde_json::json!({"name": "scim.user.schema", "area": "scim.user", "verb": "schema"});
    assert!(content.contains(&expected));
}
