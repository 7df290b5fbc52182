//! The content of pages, who may see it, and that it is harmless.

use std::sync::Arc;

use countersign_application::ports::{MockTokenStore, StoreError};

use super::{
    browser::Browser,
    world::{World, surface},
};

#[tokio::test]
async fn the_list_finds_and_pages_and_its_address_carries_the_view() {
    let world = World::new().await;
    for n in 0..30 {
        world.home.make(&format!("Worker {n:02}")).await;
    }
    let mut short = world.home.draft("Brief");
    short.expiry = world.stores.clock.now().plus_seconds(3600);
    world.home.make_of(&short).await;
    let mut browser = world.signed_in(&world.root).await;
    let page = browser.get("/console").await;
    assert!(page.has("1 to 25 of 32 tokens") && page.has("Page 1 of 2"));
    let page = browser.get("/console?page=2").await;
    assert!(page.has("26 to 32 of 32 tokens") && page.has("rel=\"prev\""));
    let page = browser.get("/console?q=worker+2&sort=name&dir=desc").await;
    assert!(page.has("1 to 10 of 10 tokens"));
    assert!(page.text.find("Worker 29").unwrap() < page.text.find("Worker 20").unwrap());
    let page = browser.get("/console?state=expiring-1").await;
    assert!(page.has("1 to 1 of 1 token") && page.has("Brief") && page.has("Expires within a day"));
    let page = browser.get("/console?permission=api.webhooks.read").await;
    assert!(page.has("1 to 1 of 1 token") && page.has("Root"));
    let page = browser.get("/console?q=nobody").await;
    assert!(page.has("No token matches") && page.has("Show all tokens"));
    let page = browser.get("/console?page=9").await;
    assert!(page.has("not that many pages"));
    world.stores.clock.advance(3600);
    let page = browser.get("/console?state=expired").await;
    assert_eq!(
        page.location(),
        "/console/sign-in?ended=over&next=%2Fconsole%3Fstate%3Dexpired"
    );
    let mut browser = world.signed_in(&world.root).await;
    assert!(browser.get("/console?state=expired").await.has("Brief"));
}

#[tokio::test]
async fn more_tokens_than_anybody_reads_are_not_counted_and_still_all_there() {
    let world = World::new().await;
    for n in 1..1030 {
        world.home.make(&format!("Worker {n:04}")).await;
    }
    let mut browser = world.signed_in(&world.root).await;
    let page = browser.get("/console").await;
    assert!(page.has("1 to 25 of more than 1,000 tokens") && page.has("Page 1<"));
    assert!(page.has("rel=\"next\"") && !page.has("Last</a>"));
    let page = browser.get("/console?page=41").await;
    assert!(page.has("1,001 to 1,025 of more than 1,025 tokens") && page.has("rel=\"next\""));
    let page = browser.get("/console?page=42").await;
    assert!(page.has("1,026 to 1,030 of 1,030 tokens") && page.has("Page 42 of 42"));
    let page = browser.get("/console?page=43").await;
    assert!(page.has("not that many pages"));
    let page = browser.get("/console?q=worker+01").await;
    assert!(page.has("1 to 25 of 100 tokens") && page.has("Page 1 of 4") && page.has("Last</a>"));
}

#[tokio::test]
async fn hostile_names_are_shown_as_they_are() {
    let world = World::new().await;
    let names = [
        "<script>alert(1)</script>",
        "\" onmouseover=alert(1) x=\"",
        "{{7*7}}",
        "'; DROP TABLE x;--",
        "&lt;b&gt;",
        "مرحبا",
    ];
    let mut browser = world.signed_in(&world.root).await;
    for name in names {
        let made = world.home.make(name).await;
        let id = made.view.token.id;
        for end in ["", "/edit", "/rotate", "/revoke", "/descendants"] {
            let page = browser.get(&format!("/console/tokens/{id}{end}")).await;
            assert_eq!(page.status, 200);
            let shown = name
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;");
            assert!(page.has(&shown), "{name} {end}");
            assert!(
                !page.has("<script>") && !page.has("\" onmouseover"),
                "{name}"
            );
        }
    }
    let page = browser.get("/console").await;
    assert!(page.has("&lt;script&gt;alert(1)") && !page.has("<script>"));
    let page = browser.get("/console?q=%3Cscript%3E").await;
    assert!(page.has("value=\"&lt;script&gt;\"") && page.has("1 to 1 of 1 token"));
}

#[tokio::test]
async fn a_history_says_whether_it_was_touched() {
    let world = World::new().await;
    let made = world.home.make("watched").await;
    let renamed = countersign_application::testing::rename_to("watched closely");
    world.home.update(&made.view, &renamed).await;
    let target = format!("/console/tokens/{}", made.view.token.id);
    let mut browser = world.signed_in(&world.root).await;
    let page = browser.get(&target).await;
    assert!(page.has("Chain verified") && page.has("home system") && page.has("request-1"));
    world
        .tamper("UPDATE api_tokens SET expiry = expiry + 1000000 WHERE version = 2")
        .await;
    let page = browser.get(&target).await;
    assert!(
        page.has("Broken: ") && !page.has("Chain verified"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_revoked_token_leaves_its_history() {
    let world = World::new().await;
    let made = world.home.make("gone").await;
    world.home.revoke(&made.view).await;
    let mut browser = world.signed_in(&world.root).await;
    let page = browser
        .get(&format!("/console/tokens/{}", made.view.token.id))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.has("Revoked") && page.has("gone") && page.has("Chain verified"));
    let edit = browser
        .get(&format!("/console/tokens/{}/edit", made.view.token.id))
        .await;
    assert_eq!(edit.status, 404);
}

#[tokio::test]
async fn another_tenants_token_is_not_there() {
    let world = World::new().await;
    let away = world.stores.realm("away").await;
    let foreign = away.make("foreign").await.view.token.id;
    let unknown = "01a21384-ce52-720f-a4fa-e08b13249a77";
    let mut browser = world.signed_in(&world.root).await;
    for end in ["", "/edit", "/rotate", "/revoke", "/descendants"] {
        let one = browser
            .get(&format!("/console/tokens/{foreign}{end}"))
            .await;
        let other = browser
            .get(&format!("/console/tokens/{unknown}{end}"))
            .await;
        assert_eq!(
            (one.status.as_u16(), &one.text),
            (404, &other.text),
            "{end}"
        );
    }
    assert!(!browser.get("/console").await.has("foreign"));
}

#[tokio::test]
async fn a_store_that_is_away_is_said_to_be() {
    let world = World::new().await;
    let browser = world.signed_in(&world.root).await;
    let found = world
        .stores
        .tokens
        .find(&world.root.secret.digest())
        .await
        .unwrap();
    let mut tokens = MockTokenStore::new();
    tokens.expect_find().returning(move |_| Ok(found.clone()));
    tokens.expect_query().returning(|_, _, _, _| {
        Err(StoreError::Unavailable(
            "postgres://user:password@db".into(),
        ))
    });
    let mut other = Browser::new(
        surface(&world.stores, Arc::new(tokens), &world.time),
        "192.0.2.1:1".parse().unwrap(),
    );
    other.cookie.clone_from(&browser.cookie);
    let page = other.get("/console").await;
    assert_eq!(page.status, 503);
    assert!(page.has("does not answer") && !page.has("password"));
    assert_eq!(page.headers["retry-after"], "1");
}
