//! When and where tokens were last used: where it shows, how it is asked for, and that it is nothing to write.

use countersign_application::{IssuedToken, ports::UsageRecord};
use serde_json::{Value, json};

use super::{
    faults::over,
    world::{Ask, TOKENS, World, pairs, path},
};

/// Notes a use of a token's secret.
async fn note(world: &World, made: &IssuedToken, at: &str, address: Option<&str>) {
    let used = UsageRecord {
        digest: made.secret.digest(),
        tenant: made.view.token.tenant,
        token: made.view.token.id,
        at: at.parse().unwrap(),
        address: address.map(|address| address.parse().unwrap()),
    };
    world.stores.usage.record(&[used]).await.unwrap();
}

fn last_use(record: &Value) -> (Value, Value) {
    (
        record["lastUsedDate"].clone(),
        record["lastUsedAddress"].clone(),
    )
}

#[tokio::test]
async fn the_last_use_shows_in_every_record() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let target = path(&made.view);
    let get = || world.ask("GET", target.as_str());
    let never = world.send(get()).await.expect(200);
    assert_eq!(last_use(&never), (Value::Null, Value::Null));
    assert_eq!(last_use(&never["secrets"][0]), (Value::Null, Value::Null));

    let at = "2026-06-01T11:59:00Z";
    note(&world, &made, at, Some("2001:db8::1")).await;
    let expected = (json!(at), json!("2001:db8::1"));
    let reply = world.send(get()).await;
    let read = reply.expect(200);
    assert_eq!(reply.header("etag"), "\"1\"", "a use is no change");
    assert_eq!(last_use(&read), expected);
    assert_eq!(last_use(&read["secrets"][0]), expected);
    let own = Ask::new("GET", format!("{TOKENS}/current")).by(&made.secret);
    assert_eq!(world.send(own).await.expect(200), read);
    let query = world.ask("POST", format!("{TOKENS}/query"));
    let found = world.send(query.json(&json!({"name": "one"}))).await;
    assert_eq!(last_use(&found.expect(200)["content"][0]), expected);
    let put = world.ask("PUT", target.as_str());
    let changed = world
        .send(put.json(&json!({"version": 1, "name": "two"})))
        .await;
    assert_eq!(last_use(&changed.expect(200)), expected);
    let put = world.ask("PUT", target.as_str());
    let stale = world
        .send(put.json(&json!({"version": 1, "name": "two"})))
        .await;
    let problem = stale.problem(409, "version-conflict");
    assert_eq!(last_use(&problem["current"]), expected);

    note(&world, &made, "2026-06-01T12:00:00Z", None).await;
    let unknown = (json!("2026-06-01T12:00:00Z"), Value::Null);
    assert_eq!(last_use(&world.send(get()).await.expect(200)), unknown);
}

#[tokio::test]
async fn a_use_and_secrets_are_not_for_writing() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    note(&world, &made, "2026-06-01T11:59:00Z", None).await;
    let get = || world.ask("GET", path(&made.view));
    let read = world.send(get()).await.expect(200);
    let mut body = read.clone();
    body["lastUsedDate"] = json!("2027-01-01T00:00:00Z");
    body["lastUsedAddress"] = json!({"any": ["thing"]});
    body["secrets"] = json!([]);
    let put = world.ask("PUT", path(&made.view)).json(&body);
    assert_eq!(world.send(put).await.expect(200)["version"], 1);
    assert_eq!(world.send(get()).await.expect(200), read);
    let making = json!({
        "name": "two", "expiry": "2027-01-01T00:00:00Z", "permissions": ["api.tasks.read"],
        "lastUsedDate": null, "secrets": [],
    });
    let reply = world.send(world.ask("POST", TOKENS).json(&making)).await;
    reply.problem(400, "invalid-body");
    let expected = [
        ("/lastUsedDate", "unknown-field"),
        ("/secrets", "unknown-field"),
    ];
    assert_eq!(reply.faults(), pairs(&expected));
}

#[tokio::test]
async fn tokens_are_found_and_ordered_by_their_last_use() {
    let world = World::new().await;
    for (name, at) in [
        ("late", Some("2026-05-31T00:00:00Z")),
        ("never", None),
        ("early", Some("2026-02-01T00:00:00Z")),
    ] {
        let made = world.home.make(name).await;
        if let Some(at) = at {
            note(&world, &made, at, None).await;
        }
    }
    note(&world, &world.root, "2026-06-01T12:00:00Z", None).await;
    let days_ago = "2026-03-03T12:00:00Z";
    let names = async |query: &str, filter: &Value| {
        let ask = world.ask("POST", format!("{TOKENS}/query{query}"));
        let page = world.send(ask.json(filter)).await.expect(200);
        let content = page["content"].as_array().unwrap().clone();
        let name = |record: &Value| record["name"].as_str().unwrap().to_owned();
        content.iter().map(name).collect::<Vec<_>>()
    };
    for (filter, expected) in [
        (json!({"lastUsedDate": null}), vec!["never"]),
        (json!({"lastUsedDate": {"$eq": null}}), vec!["never"]),
        (
            json!({"lastUsedDate": {"$ne": null}}),
            vec!["early", "late", "root"],
        ),
        (json!({"lastUsedDate": {"$lt": days_ago}}), vec!["early"]),
        (
            json!({"$or": [{"lastUsedDate": {"$lt": days_ago}}, {"lastUsedDate": null}]}),
            vec!["never", "early"],
        ),
        (
            json!({"lastUsedDate": {"$gt": days_ago, "$ne": "2026-05-31T00:00:00Z"}}),
            vec!["root"],
        ),
        (
            json!({"lastUsedDate": {"$in": ["2026-02-01T00:00:00Z", "2026-05-31T00:00:00Z"]}}),
            vec!["early", "late"],
        ),
    ] {
        let found = names("?sort=lastUsedDate", &filter).await;
        assert_eq!(found, expected, "{filter}");
    }
    let found = names("?sort=lastUsedDate,desc", &json!({})).await;
    assert_eq!(found, ["root", "late", "early", "never"]);
}

#[tokio::test]
async fn what_the_client_holds_costs_no_look_at_secrets() {
    let world = World::new().await;
    let view = world.root.view.clone();
    // A store that would panic at a question for secrets.
    let surface = over(&world, |store| {
        store
            .expect_get()
            .returning(move |_, _| Ok(Some(view.clone())));
    });
    for target in [path(&world.root.view), format!("{TOKENS}/current")] {
        let ask = |tag: &str| {
            world
                .ask("GET", target.as_str())
                .header("if-none-match", tag)
        };
        let reply = super::world::send(&surface, ask("\"1\"").0).await;
        assert_eq!(reply.status, 304);
        let reply = super::world::send(&surface, ask("\"2\"").0).await;
        assert_eq!(reply.status, 500, "that question is asked here");
    }
}
