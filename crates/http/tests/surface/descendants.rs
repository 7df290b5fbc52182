//! Revocation of a token with everything that it created or rotated, and what its descendants may
//! not do to it.

use countersign_application::{IssuedToken, testing::rename_to};
use countersign_domain::TokenView;
use serde_json::{Value, json};

use crate::world::{Ask, TOKENS, World, pairs, path};

const WRITER: &[&str] = &["api.api-tokens.write", "api.tasks.read"];

/// A token that another one makes over HTTP, a minute after whatever was before.
async fn made(world: &World, maker: &IssuedToken, name: &str) -> IssuedToken {
    world.home.stores.clock.advance(60);
    let mut draft = world.home.draft(name);
    draft.permissions = WRITER.iter().map(ToString::to_string).collect();
    world
        .home
        .make_by(world.home.actor(&maker.view), &draft)
        .await
}

fn sweep(world: &World, head: &TokenView, query: &str) -> Ask {
    world.ask("DELETE", format!("{}?descendants=true{query}", path(head)))
}

fn members(body: &Value, name: &str) -> Vec<String> {
    let tokens = body["tokens"].as_array().unwrap().iter();
    tokens
        .map(|token| token[name].as_str().unwrap_or("-").to_owned())
        .collect()
}

#[tokio::test]
async fn a_dry_run_shows_what_the_call_then_revokes() {
    let world = World::new().await;
    let leaked = world.token("leaked", WRITER).await;
    let child = made(&world, &leaked, "child").await;
    let grandchild = made(&world, &child, "grandchild").await;
    let taken = world.token("taken", WRITER).await;
    world.stores.clock.advance(60);
    let rotation = Ask::new("POST", format!("{}/rotate", path(&taken.view))).by(&child.secret);
    world
        .send(rotation.json(&json!({"version": 1})))
        .await
        .expect(200);
    let other = world.token("other", WRITER).await;

    let dry = world
        .send(sweep(&world, &leaked.view, "&dryRun=true"))
        .await
        .expect(200);
    assert_eq!((&dry["dryRun"], &dry["count"]), (&json!(true), &json!(4)));
    let names = ["leaked", "child", "grandchild", "taken"];
    assert_eq!(members(&dry, "name"), names);
    assert_eq!(
        members(&dry, "relation"),
        ["self", "created", "created", "rotated"]
    );
    let by = child.view.token.id.to_string();
    assert_eq!(members(&dry, "by")[2..], [by.clone(), by]);
    assert_eq!(members(&dry, "outcome"), ["-"; 4]);
    for token in [&leaked, &child, &grandchild, &taken] {
        assert!(world.home.get(token.view.token.id).await.is_some());
    }

    let done = world
        .send(sweep(&world, &leaked.view, "&expectedCount=4"))
        .await
        .expect(200);
    assert_eq!(done["count"], 4);
    let order = ["leaked", "taken", "grandchild", "child"];
    assert_eq!(members(&done, "name"), order);
    assert_eq!(members(&done, "outcome"), ["revoked"; 4]);
    for token in [&leaked, &child, &grandchild, &taken] {
        assert!(world.home.get(token.view.token.id).await.is_none());
    }
    assert!(world.home.get(other.view.token.id).await.is_some());
    let again = world
        .send(sweep(&world, &leaked.view, "&dryRun=true"))
        .await
        .expect(200);
    assert_eq!(again["count"], 0);
}

#[tokio::test]
async fn a_revoked_token_still_leads_to_what_it_made() {
    let world = World::new().await;
    let leaked = world.token("leaked", WRITER).await;
    let early = made(&world, &leaked, "early").await;
    let late = made(&world, &leaked, "late").await;
    world.home.revoke(&leaked.view).await;
    let since = format!("&since={}", late.view.token.created);
    let dry = sweep(&world, &leaked.view, &format!("{since}&dryRun=true"));
    assert_eq!(
        members(&world.send(dry).await.expect(200), "name"),
        ["late"]
    );
    let call = sweep(&world, &leaked.view, &format!("{since}&expectedCount=any"));
    world.send(call).await.expect(200);
    assert!(world.home.get(late.view.token.id).await.is_none());
    assert!(world.home.get(early.view.token.id).await.is_some());
    // A version is one of a live token.
    let precondition = sweep(&world, &leaked.view, "&dryRun=true").header("if-match", "\"1\"");
    world
        .send(precondition)
        .await
        .problem(404, "token-not-found");
}

#[tokio::test]
async fn nothing_is_revoked_by_mistake() {
    let world = World::new().await;
    let leaked = world.token("leaked", WRITER).await;
    made(&world, &leaked, "child").await;
    let asks = [
        ("&expectedCount=1", 409, "count-differs"),
        ("&expectedCount=3", 409, "count-differs"),
        ("", 400, "invalid-parameter"),
    ];
    for (query, status, code) in asks {
        let problem = world
            .send(sweep(&world, &leaked.view, query))
            .await
            .problem(status, code);
        let counted = (status == 409).then_some(2);
        assert_eq!(problem["currentCount"].as_u64(), counted);
    }
    let stale = sweep(&world, &leaked.view, "&expectedCount=2").header("if-match", "\"7\"");
    world.send(stale).await.problem(412, "precondition-failed");
    assert!(world.home.get(leaked.view.token.id).await.is_some());
    let fresh = sweep(&world, &leaked.view, "&expectedCount=2").header("if-match", "\"1\"");
    assert_eq!(world.send(fresh).await.expect(200)["count"], 2);
    let unknown =
        format!("{TOKENS}/01900000-0000-7000-8000-000000000000?descendants=true&dryRun=true");
    world
        .send(world.ask("DELETE", unknown))
        .await
        .problem(404, "token-not-found");
    let foreign = world.away.make("foreign").await.view;
    let foreign = sweep(&world, &foreign, "&expectedCount=any");
    world.send(foreign).await.problem(404, "token-not-found");
}

#[tokio::test]
async fn a_caller_that_is_a_descendant_has_to_insist() {
    let world = World::new().await;
    let head = world.token("head", WRITER).await;
    let mut draft = world.home.draft("caller");
    draft.permissions = vec!["api.api-tokens.delete".to_owned()];
    let caller = world.home.make_of(&draft).await;
    world.home.make("bystander").await;
    // The head rotates nothing that holds more than itself, so the store is told directly.
    let fresh = countersign_domain::Secret::from_random(&world.stores.random());
    let mut actor = world.home.actor(&head.view);
    actor.permissions = actor.permissions.union(&caller.view.token.permissions);
    let mut widened = rename_to("head");
    widened.permissions = Some(actor.permissions.iter().map(ToString::to_string).collect());
    let head_view = world.home.update(&head.view, &widened).await;
    let rotation = world.home.rotation(actor, &caller.view, &fresh, 60);
    world.home.commit(&rotation).await.unwrap();

    let ask = |query: &str| {
        let target = format!("{}?descendants=true{query}", path(&head_view));
        Ask::new("DELETE", target).by(&fresh)
    };
    let refused = world.send(ask("&dryRun=true")).await;
    refused.problem(409, "would-lock-out");
    // Whoever may not read tokens learns ids alone.
    let dry = ask("&dryRun=true&allowLockout=true");
    let dry = world.send(dry).await.expect(200);
    assert_eq!(
        (members(&dry, "name"), dry["count"].as_u64()),
        (vec!["-".into(); 2], Some(2))
    );
    let refused = world.send(ask("&expectedCount=2")).await;
    refused.problem(409, "would-lock-out");
    assert_eq!(
        refused.faults(),
        pairs(&[("allowLockout", "would-lock-out")])
    );
    let done = world
        .send(ask("&expectedCount=2&allowLockout=true"))
        .await
        .expect(200);
    assert_eq!(members(&done, "relation"), ["self", "rotated"]);
    world
        .send(ask("&dryRun=true"))
        .await
        .problem(401, "invalid-token");
}

#[tokio::test]
async fn a_descendant_gives_its_ancestor_nothing_back() {
    let world = World::new().await;
    let leaked = world.token("leaked", WRITER).await;
    let child = made(&world, &leaked, "child").await;
    let grandchild = made(&world, &child, "grandchild").await;
    let mut narrowed = rename_to("leaked");
    narrowed.permissions = Some(vec!["api.api-tokens.write".to_owned()]);
    world.home.update(&leaked.view, &narrowed).await;
    let put = |fields: Value| {
        let mut body = json!({"version": 2, "name": "leaked"});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        Ask::new("PUT", path(&leaked.view))
            .by(&grandchild.secret)
            .json(&body)
    };
    let later = json!({"expiry": "2027-12-01T00:00:00Z"});
    let more = json!({"permissions": WRITER});
    let widenings = [(later, "/expiry"), (more, "/permissions/1")];
    for (fields, pointer) in widenings {
        let refused = world.send(put(fields)).await;
        refused.problem(403, "ancestor-protected");
        assert_eq!(refused.faults(), pairs(&[(pointer, "ancestor-protected")]));
    }
    let rotation = Ask::new("POST", format!("{}/rotate", path(&leaked.view)));
    let rotation = rotation.by(&grandchild.secret).json(&json!({"version": 2}));
    world
        .send(rotation)
        .await
        .problem(403, "ancestor-protected");
    let fewer = json!({"allowedAddresses": ["192.0.2.1"]});
    assert_eq!(world.send(put(fewer)).await.expect(200)["version"], 3);
    // Down the line the same is allowed.
    let down = Ask::new("PUT", path(&grandchild.view)).by(&child.secret);
    let body = json!({"version": 1, "name": "grandchild", "expiry": "2027-12-01T00:00:00Z"});
    world.send(down.json(&body)).await.expect(200);
}
