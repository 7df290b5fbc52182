//! Asking for tokens by their fields.

use serde_json::{Value, json};

use super::world::{TOKENS, World, pairs};

async fn names(world: &World, query: &str, filter: Value) -> Vec<String> {
    let ask = world
        .ask("POST", format!("{TOKENS}/query{query}"))
        .json(&filter);
    let page = world.send(ask).await.expect(200);
    let content = page["content"].as_array().unwrap();
    content
        .iter()
        .map(|record| record["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn filters_find_what_they_name() {
    let world = World::new().await;
    for name in ["Alpha", "beta", "100%_sure"] {
        world.home.make(name).await;
    }
    world.away.make("Alpha").await;
    let id = world.root.view.token.id.to_string();
    for (filter, expected) in [
        (json!({}), vec!["100%_sure", "Alpha", "beta", "root"]),
        (json!({"name": "Alpha"}), vec!["Alpha"]),
        (json!({"name": {"$isubstr": "A"}}), vec!["Alpha", "beta"]),
        (json!({"name": {"$isubstr": "%_"}}), vec!["100%_sure"]),
        (
            json!({"name": {"$iprefix": "AL"}, "version": {"$gte": 1}}),
            vec!["Alpha"],
        ),
        (
            json!({"$or": [{"id": id}, {"name": {"$in": ["beta", "x"]}}]}),
            vec!["beta", "root"],
        ),
        (
            json!({"permissions": {"$contains": ["scim.user.read"]}}),
            vec!["root"],
        ),
        (json!({"expiry": {"$lt": "2020-01-01T00:00:00Z"}}), vec![]),
        (json!({"name": {"$eq": "a\u{0}b"}}), vec![]),
        (json!({"$or": []}), vec![]),
    ] {
        assert_eq!(
            names(&world, "?sort=name", filter.clone()).await,
            expected,
            "{filter}"
        );
    }
    let order = names(&world, "?sort=creationDate,desc,name,desc", json!({})).await;
    assert_eq!(order, ["root", "beta", "Alpha", "100%_sure"]);
}

#[tokio::test]
async fn pages_count_what_matches() {
    let world = World::new().await;
    for n in 0..4 {
        world.home.make(&format!("token {n}")).await;
    }
    let ask = world
        .ask("POST", format!("{TOKENS}/query?page=1&size=2&sort=name"))
        .json(&json!({}));
    let page = world.send(ask).await.expect(200);
    assert_eq!(page["content"].as_array().unwrap().len(), 2);
    for (field, expected) in [
        ("pageNumber", 1),
        ("totalPages", 3),
        ("numberOfElements", 2),
        ("totalElements", 5),
        ("size", 2),
    ] {
        assert_eq!(page[field], expected, "{field}");
    }
    assert!(
        names(&world, "?page=4294967295&size=100", json!({}))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn faults_of_filters_and_parameters_are_named() {
    let world = World::new().await;
    let ask = |query: &str| world.ask("POST", format!("{TOKENS}/query{query}"));
    let reply = world
        .send(ask("").json(&json!({"secret": 1, "name": {"$regex": "(a+)+"}})))
        .await;
    reply.problem(400, "invalid-parameter");
    let expected = [
        ("/name/$regex", "unknown-operator"),
        ("/secret", "unknown-field"),
    ];
    assert_eq!(reply.faults(), pairs(&expected));
    for query in [
        "?size=0",
        "?size=101",
        "?page=-1",
        "?sort=secret",
        "?sort=name;drop",
        "?size=",
        "?size=1&size=1",
    ] {
        world
            .send(ask(query).json(&json!({})))
            .await
            .problem(400, "invalid-parameter");
    }
}
