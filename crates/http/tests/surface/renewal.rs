//! Tokens that renew and end themselves: what a program may do to its own token, and to no other.

use countersign_application::IssuedToken;
use countersign_domain::Secret;
use serde_json::{Value, json};

use super::world::{Ask, Reply, TOKENS, World, path};

const RENEWER: [&str; 2] = ["api.api-tokens.rotate-self", "api.tasks.read"];

async fn works(world: &World, secret: &Secret) -> bool {
    let own = Ask::new("GET", format!("{TOKENS}/current")).by(secret);
    world.send(own).await.status == 200
}

async fn rotate(world: &World, by: &Secret, of: &IssuedToken, body: &Value) -> Reply {
    let ask = Ask::new("POST", format!("{}/rotate", path(&of.view)));
    world.send(ask.by(by).json(body)).await
}

async fn retire(world: &World, by: &Secret, of: &IssuedToken, secret: &str) -> Reply {
    let target = format!("{}/secrets/{secret}/retire", path(&of.view));
    world.send(Ask::new("POST", target).by(by)).await
}

#[tokio::test]
async fn a_program_renews_itself_and_nothing_else() {
    let world = World::new().await;
    let program = world.token("program", &RENEWER).await;
    let other = world.token("other", &["api.tasks.read"]).await;
    let body = json!({"version": 1, "overlapSeconds": 60});
    for target in [path(&other.view), format!("{TOKENS}/x")] {
        let ask = Ask::new("POST", format!("{target}/rotate"));
        let reply = world.send(ask.by(&program.secret).json(&body)).await;
        reply.problem(403, "insufficient-scope");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.contains("scope=\"api.api-tokens.write\""));
    }
    let change = json!({"version": 1, "name": "renamed"});
    let ask = Ask::new("PUT", path(&program.view)).by(&program.secret);
    let reply = world.send(ask.json(&change)).await;
    reply.problem(403, "insufficient-scope");
    let reply = rotate(&world, &program.secret, &program, &body).await;
    let record = reply.expect(200);
    let new = Secret::parse(record["token"].as_str().unwrap()).unwrap();
    assert_eq!(record["permissions"], json!(RENEWER), "and it stays so");
    assert!(works(&world, &new).await && works(&world, &program.secret).await);
    // Without the permission a token does not renew itself.
    let reply = rotate(&world, &other.secret, &other, &body).await;
    reply.problem(403, "insufficient-scope");
}

#[tokio::test]
async fn a_token_ends_itself_by_any_secret_that_works() {
    let world = World::new().await;
    let current = format!("{TOKENS}/current");
    for by_the_old in [false, true] {
        let old = world.token("program", &["api.tasks.read"]).await;
        let new = world.home.rotate(&old.view, 3600).await;
        let secret = if by_the_old { &old.secret } else { &new.secret };
        let ask = |tag: &str| {
            Ask::new("DELETE", &*current)
                .by(secret)
                .header("if-match", tag)
        };
        let reply = world.send(ask("\"1\"")).await;
        reply.problem(412, "precondition-failed");
        let query = Ask::new("DELETE", format!("{current}?descendants=true"));
        let reply = world.send(query.by(secret)).await;
        reply.problem(400, "invalid-parameter");
        assert!(works(&world, &new.secret).await);
        assert_eq!(world.send(ask("\"2\"")).await.expect(204), Value::Null);
        assert!(!works(&world, &old.secret).await && !works(&world, &new.secret).await);
        let again = Ask::new("DELETE", &*current).by(secret);
        world.send(again).await.problem(401, "invalid-token");
        let events = format!("{}/events?limit=1", path(&old.view));
        let told = world.send(world.ask("GET", events)).await.expect(200);
        let event = &told["content"][0];
        assert_eq!(
            (&event["type"], &event["version"]),
            (&json!("revoked"), &json!(3))
        );
        assert_eq!(event["userInfo"]["userId"], old.view.token.user.to_string());
    }
}

#[tokio::test]
async fn an_older_secret_is_ended_by_its_id_or_by_what_is_shown() {
    let world = World::new().await;
    let root = &world.root.secret;
    for shown in 0..3 {
        let old = world
            .token(&format!("token {shown}"), &["api.tasks.read"])
            .await;
        world.stores.clock.advance(60);
        let new = world.home.rotate(&old.view, 3600).await;
        let read = world
            .send(world.ask("GET", path(&old.view)))
            .await
            .expect(200);
        let secret = &read["secrets"][1];
        let partial = secret["partialToken"].as_str().unwrap();
        let name = match shown {
            0 => secret["id"].as_str().unwrap().to_owned(),
            1 => partial.replace('…', "%E2%80%A6"),
            _ => partial.chars().skip(5).collect(),
        };
        assert!(works(&world, &old.secret).await);
        let reply = retire(&world, root, &old, &name).await;
        assert_eq!(reply.expect(204), Value::Null);
        assert_eq!(reply.header("etag"), "\"3\"");
        assert!(!works(&world, &old.secret).await && works(&world, &new.secret).await);
        retire(&world, root, &old, &name)
            .await
            .problem(404, "secret-not-found");
        let read = world
            .send(world.ask("GET", path(&old.view)))
            .await
            .expect(200);
        assert_eq!(read["secrets"].as_array().unwrap().len(), 1);
        assert_eq!(read["version"], 3);
        let newest = read["secrets"][0]["id"].as_str().unwrap();
        retire(&world, root, &old, newest)
            .await
            .problem(409, "newest-secret");
        assert!(works(&world, &new.secret).await);
    }
}

#[tokio::test]
async fn who_ends_a_secret_may_change_its_token_or_is_that_token() {
    let world = World::new().await;
    let old = world.token("program", &["api.tasks.read"]).await;
    let new = world.home.rotate(&old.view, 3600).await;
    let reader = world.token("reader", &["api.api-tokens.read"]).await;
    let id = old.secret.digest().commitment().to_string();
    let reply = retire(&world, &reader.secret, &old, &id).await;
    reply.problem(403, "insufficient-scope");
    for name in ["x", "csg_", "csg_%E2%80%A6", "%FF", "0000"] {
        let reply = retire(&world, &new.secret, &old, name).await;
        let told = reply.expect(if name == "%FF" { 403 } else { 404 });
        let code = if name == "%FF" {
            "insufficient-scope"
        } else {
            "secret-not-found"
        };
        assert_eq!(told["type"], format!("/problems/{code}"), "{name}");
    }
    let elsewhere = world.away.make("elsewhere").await;
    let reply = retire(&world, &world.root.secret, &elsewhere, &id).await;
    reply.problem(404, "token-not-found");
    assert!(works(&world, &old.secret).await);
    retire(&world, &new.secret, &old, &id).await.expect(204);
    assert!(!works(&world, &old.secret).await);
}
