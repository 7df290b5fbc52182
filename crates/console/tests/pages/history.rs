//! The history of a tenant, and its revoked tokens.

use countersign_application::testing::no_change;

use super::world::World;

#[tokio::test]
async fn revoked_tokens_are_listed_with_who_and_when() {
    let world = World::new().await;
    let janitor = world.token("janitor", &["api.api-tokens.delete"]).await;
    for name in ["kept", "leaked"] {
        world.home.make(name).await;
    }
    let gone = world.home.make("gone").await.view;
    let revocation = world
        .home
        .revocation(world.home.actor(&janitor.view), &gone);
    world.home.commit(&revocation).await.unwrap();
    let mut browser = world.signed_in(&world.root).await;
    assert!(!browser.get("/console").await.has("gone"));
    let page = browser
        .get("/console?state=revoked&sort=revoked&dir=desc")
        .await;
    assert!(page.has("1 to 1 of 1 token") && page.has("gone") && !page.has("leaked"));
    assert!(
        page.has("badge off") && page.has("by <bdi>janitor</bdi>"),
        "{}",
        page.text
    );
    assert!(page.has(&format!("/console/tokens/{}", gone.token.id)));
}

#[tokio::test]
async fn the_history_finds_and_pages_and_leads_on() {
    let world = World::new().await;
    let boss = world.writer().await;
    for n in 0..60 {
        world.stores.clock.advance(1);
        let draft = world.home.draft(&format!("worker {n:02}"));
        let mut draft = draft;
        draft.permissions = vec!["api.tasks.read".into()];
        world
            .home
            .make_by(world.home.actor(&boss.view), &draft)
            .await;
    }
    let away = world.stores.realm("away").await;
    away.make("foreign").await;
    let mut browser = world.signed_in(&world.root).await;
    assert!(
        browser
            .get("/console")
            .await
            .has("href=\"/console/history\"")
    );
    let page = browser.get("/console/history").await;
    assert!(page.has("worker 59") && page.has("worker 10") && !page.has("worker 09"));
    assert!(!page.has("foreign"));
    let next = page.text.split("rel=\"next\" href=\"").nth(1).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    let page = browser.get(&next).await;
    assert!(page.has("worker 09") && page.has("Root") && !page.has("worker 10"));
    assert!(!page.has("rel=\"next\""));

    let own = browser
        .get(&format!("/console/tokens/{}", boss.view.token.id))
        .await;
    let what_it_did = format!("/console/history?actor={}", boss.view.token.user);
    assert!(own.has(&format!("href=\"{what_it_did}\"")));
    let page = browser.get(&what_it_did).await;
    assert!(page.has("worker 59") && page.has("by ") && page.has("rel=\"next\""));
    let page = browser.get(&format!("{what_it_did}&kind=revoked")).await;
    assert!(page.has("No event matches"));
    let page = browser
        .get("/console/history?since=2026-06-01T12:01:00&kind=created")
        .await;
    assert!(page.has("worker 59") && !page.has("worker 58"));
}

#[tokio::test]
async fn whoever_may_no_longer_read_tokens_sees_no_history() {
    let world = World::new().await;
    let reader = world.writer().await;
    let mut browser = world.signed_in(&reader).await;
    assert_eq!(browser.get("/console/history").await.status, 200);
    let mut edit = no_change(&reader.view);
    edit.permissions = Some(vec!["api.tasks.read".into()]);
    world.home.update(&reader.view, &edit).await;
    let page = browser.get("/console/history").await;
    assert!(page.status != 200 && !page.has("Root"), "{}", page.status);
}
