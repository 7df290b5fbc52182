//! The steady list.

use std::collections::BTreeSet;

use super::world::{TOKENS, World};

#[tokio::test]
async fn pages_neither_repeat_nor_skip() {
    let world = World::new().await;
    for n in 0..7 {
        world.home.make(&format!("token {n}")).await;
    }
    world.away.make("not seen").await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = world
            .send(world.ask("GET", format!("{TOKENS}?limit=3{cursor}")))
            .await
            .expect(200);
        pages += 1;
        let content = page["content"].as_array().unwrap();
        seen.extend(
            content
                .iter()
                .map(|record| record["name"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        world.home.make(&format!("meanwhile {pages}")).await;
    }
    let different: BTreeSet<_> = seen.iter().collect();
    assert_eq!(different.len(), seen.len());
    assert!((0..7).all(|n| seen.contains(&format!("token {n}"))));
    assert!(!seen.contains(&"not seen".to_owned()));
    assert!(pages >= 3);
}

#[tokio::test]
async fn cursors_are_taken_only_where_they_come_from() {
    let world = World::new().await;
    world.home.make("one").await;
    let page = world
        .send(world.ask("GET", format!("{TOKENS}?limit=1")))
        .await
        .expect(200);
    let cursor = page["nextCursor"].as_str().unwrap();
    let outsider = world.away.make("outsider").await;
    let target = format!("{TOKENS}?cursor={cursor}");
    world
        .send(world.ask("GET", target.as_str()))
        .await
        .expect(200);
    let elsewhere = super::world::Ask::new("GET", target).by(&outsider.secret);
    world
        .send(elsewhere)
        .await
        .problem(400, "invalid-parameter");
    for query in [
        "cursor=",
        "cursor=x",
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1e9",
        "limit=",
        "limit=1&limit=1",
        "Limit=1",
    ] {
        world
            .send(world.ask("GET", format!("{TOKENS}?{query}")))
            .await
            .problem(400, "invalid-parameter");
    }
    let other_case = cursor.chars().map(|c| {
        if c.is_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    });
    let altered: String = other_case.collect();
    world
        .send(world.ask("GET", format!("{TOKENS}?cursor={altered}")))
        .await
        .problem(400, "invalid-parameter");
}
