//! What is asked after a leak: the tokens that were revoked, and what happened to all of them.

use serde_json::{Value, json};

use super::world::{Ask, TOKENS, World, path};

const EVENTS: &str = "/api/v1/events";

/// Makes three tokens and revokes two of them by a janitor, in the second after.
async fn swept(world: &World) -> Value {
    let janitor = world.token("janitor", &["api.api-tokens.delete"]).await;
    for name in ["kept", "leaked", "leaked too"] {
        let made = world.home.make(name).await;
        if name != "kept" {
            world.stores.clock.advance(1);
            let revocation = Ask::new("DELETE", path(&made.view)).by(&janitor.secret);
            world.send(revocation).await.expect(204);
        }
    }
    world.away.make("not seen").await;
    json!({"userId": janitor.view.token.user, "userName": "janitor"})
}

fn names(page: &Value) -> Vec<&str> {
    let content = page["content"].as_array().unwrap().iter();
    content
        .map(|record| record["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn revoked_tokens_are_listed_with_who_and_when() {
    let world = World::new().await;
    let janitor = swept(&world).await;
    let live = world.send(world.ask("GET", TOKENS)).await.expect(200);
    assert_eq!(names(&live), ["root", "janitor", "kept"]);
    let same = format!("{TOKENS}?revoked=false");
    assert_eq!(world.send(world.ask("GET", same)).await.expect(200), live);
    for record in live["content"].as_array().unwrap() {
        assert_eq!(
            record.get("revokedDate").or(record.get("revokedUserInfo")),
            None
        );
    }
    let first = format!("{TOKENS}?revoked=true&limit=1");
    let first = world.send(world.ask("GET", first)).await.expect(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = format!("{TOKENS}?revoked=true&limit=1&cursor={cursor}");
    let second = world.send(world.ask("GET", second)).await.expect(200);
    assert_eq!(
        (names(&first), names(&second)),
        (vec!["leaked"], vec!["leaked too"])
    );
    assert_eq!(second["nextCursor"], Value::Null);
    let record = &first["content"][0];
    assert_eq!(record["revokedUserInfo"], janitor);
    assert_eq!(record["revokedDate"], "2026-06-01T12:00:01Z");
    for query in [
        format!("cursor={cursor}"),
        "revoked=maybe".to_owned(),
        "revoked=".to_owned(),
    ] {
        let ask = world.ask("GET", format!("{TOKENS}?{query}"));
        world.send(ask).await.problem(400, "invalid-parameter");
    }
}

#[tokio::test]
async fn queries_find_revoked_tokens_if_they_ask_for_them() {
    let world = World::new().await;
    swept(&world).await;
    let root = world.home.actor(&world.root.view);
    let mut draft = world.home.draft("bound");
    draft.allowed_addresses = vec!["192.0.2.1".to_owned()];
    world.home.make_by(root, &draft).await;
    let by_root = world.root.view.token.user;
    for (filter, expected) in [
        (json!({}), "bound janitor kept root"),
        (json!({"revoked": false}), "bound janitor kept root"),
        (json!({"revoked": {"$ne": false}}), "leaked leaked too"),
        (
            json!({"revoked": true, "name": {"$isubstr": "TOO"}}),
            "leaked too",
        ),
        (
            json!({"revokedDate": {"$gt": "2026-06-01T12:00:01Z"}}),
            "leaked too",
        ),
        (
            json!({"$or": [{"revoked": true}, {"revoked": false}]}),
            "bound janitor kept leaked leaked too root",
        ),
        (json!({"createdUserInfo.userId": by_root}), "bound"),
        (
            json!({"createdUserInfo.userId": by_root, "revoked": true}),
            "",
        ),
        (json!({"allowedAddresses": {"$empty": false}}), "bound"),
        (
            json!({"allowedAddresses": {"$empty": true}}),
            "janitor kept root",
        ),
        (
            json!({"allowedAddresses": {"$empty": true}, "revoked": true}),
            "leaked leaked too",
        ),
    ] {
        let ask = world.ask("POST", format!("{TOKENS}/query?sort=name"));
        let page = world.send(ask.json(&filter)).await.expect(200);
        assert_eq!(names(&page).join(" "), expected, "{filter}");
    }
    let ask = world.ask("POST", format!("{TOKENS}/query?sort=revokedDate,desc"));
    let page = world
        .send(ask.json(&json!({"revoked": true})))
        .await
        .expect(200);
    assert_eq!(names(&page), ["leaked too", "leaked"]);
}

async fn history(world: &World, query: &str) -> Vec<String> {
    let (mut told, mut cursor) = (Vec::new(), String::new());
    loop {
        let ask = world.ask("GET", format!("{EVENTS}?{query}{cursor}"));
        let page = world.send(ask).await.expect(200);
        for event in page["content"].as_array().unwrap() {
            let [name, kind] = [&event["tokenName"], &event["type"]];
            told.push(format!(
                "{} {}",
                kind.as_str().unwrap(),
                name.as_str().unwrap()
            ));
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return told,
        }
    }
}

#[tokio::test]
async fn the_history_of_a_tenant_is_one() {
    let world = World::new().await;
    let janitor = swept(&world).await;
    let all = [
        "revoked leaked too",
        "created leaked too",
        "revoked leaked",
        "created leaked",
        "created kept",
        "created janitor",
        "created root",
    ];
    let told = history(&world, "limit=2").await;
    assert_eq!(
        (told.len(), &told[..1]),
        (all.len(), &["revoked leaked too".to_owned()][..])
    );
    let sorted = |mut told: Vec<String>| {
        told.sort();
        told
    };
    assert_eq!(sorted(told), sorted(all.map(ToOwned::to_owned).to_vec()));
    let by_janitor = janitor["userId"].as_str().unwrap();
    for (query, expected) in [
        (format!("actor={by_janitor}"), vec![all[0], all[2]]),
        (format!("actor={by_janitor}&kind=created"), vec![]),
        (
            "kind=revoked&kind=rotated&limit=1".to_owned(),
            vec![all[0], all[2]],
        ),
        ("since=2026-06-01T12:00:02Z".to_owned(), vec![all[0]]),
        (
            "since=2026-06-01T12:00:01Z&kind=created".to_owned(),
            vec![all[1]],
        ),
    ] {
        assert_eq!(history(&world, &query).await, expected, "{query}");
    }
    let ask = world.ask("GET", format!("{EVENTS}?kind=revoked&limit=1"));
    let page = world.send(ask).await.expect(200);
    let event = &page["content"][0];
    assert_eq!(event["userInfo"], janitor);
    assert_eq!(event["date"], "2026-06-01T12:00:02Z");
    let token = event["tokenId"].as_str().unwrap();
    let own = world
        .send(world.ask("GET", format!("{TOKENS}/{token}/events")))
        .await
        .expect(200);
    assert_eq!(own["content"][0]["hash"], event["hash"]);
    let cursor = page["nextCursor"].as_str().unwrap();
    for query in [
        format!("cursor={cursor}"),
        format!("kind=revoked&kind=created&cursor={cursor}"),
        "kind=deleted".to_owned(),
        "actor=janitor".to_owned(),
        "since=yesterday".to_owned(),
        "until=2026-06-01T12:00:01Z".to_owned(),
    ] {
        let ask = world.ask("GET", format!("{EVENTS}?{query}"));
        world.send(ask).await.problem(400, "invalid-parameter");
    }
}

#[tokio::test]
async fn no_tenant_learns_of_anothers_revocations() {
    let world = World::new().await;
    let janitor = swept(&world).await;
    let outsider = world.away.make("outsider").await;
    for query in [
        String::new(),
        format!("&actor={}", janitor["userId"].as_str().unwrap()),
    ] {
        let ask = Ask::new("GET", format!("{EVENTS}?kind=revoked{query}")).by(&outsider.secret);
        let page = world.send(ask).await.expect(200);
        assert_eq!(page, json!({"content": [], "nextCursor": null}));
    }
    let page = world
        .send(world.ask("GET", format!("{EVENTS}?limit=1")))
        .await
        .expect(200);
    let cursor = page["nextCursor"].as_str().unwrap();
    let borrowed = Ask::new("GET", format!("{EVENTS}?cursor={cursor}")).by(&outsider.secret);
    world.send(borrowed).await.problem(400, "invalid-parameter");
    let listed = Ask::new("GET", format!("{TOKENS}?revoked=true")).by(&outsider.secret);
    assert_eq!(names(&world.send(listed).await.expect(200)), [""; 0]);
}

#[tokio::test]
async fn whoever_may_not_read_tokens_reads_neither() {
    let world = World::new().await;
    let writer = world.token("writer", &["api.api-tokens.write"]).await;
    for target in [EVENTS.to_owned(), format!("{TOKENS}?revoked=true")] {
        let ask = Ask::new("GET", target).by(&writer.secret);
        world.send(ask).await.problem(403, "insufficient-scope");
    }
}
