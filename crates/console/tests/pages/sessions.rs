//! The end of a session: with its token, by its limits, by signing out; and that it works nowhere
//! else.

use countersign_domain::{TokenUpdate, Version};

use super::world::World;

fn edit(name: &str) -> TokenUpdate {
    countersign_application::testing::rename_to(name)
}

#[tokio::test]
async fn signing_out_ends_it_on_the_server() {
    let world = World::new().await;
    let mut browser = world.signed_in(&world.root).await;
    assert_eq!(browser.get("/console").await.status, 200);
    let stolen = browser.cookie.clone();
    let page = browser.post("/console/sign-out", &[]).await;
    assert_eq!(
        (page.status.as_u16(), page.location()),
        (303, "/console/sign-in")
    );
    assert_eq!(browser.cookie, None);
    browser.cookie = stolen;
    assert_eq!(
        browser.get("/console").await.location(),
        "/console/sign-in?ended=over"
    );
}

#[tokio::test]
async fn it_ends_with_its_token() {
    let world = World::new().await;
    let reader = world.token("reader", &["api.api-tokens.read"]).await;
    for (why, end) in [
        ("over", 0),
        ("expired", 1),
        ("permission", 2),
        ("address", 3),
        ("over", 4),
    ] {
        let world = World::new().await;
        let made = world.home.make("mine").await;
        let mut browser = world.signed_in(&made).await;
        assert_eq!(browser.get("/console").await.status, 200);
        match end {
            0 => world.home.revoke(&made.view).await,
            1 => {
                let mut sooner = edit("mine");
                sooner.expiry = Some(world.stores.clock.now().plus_seconds(60));
                world.home.update(&made.view, &sooner).await;
                world.stores.clock.advance(60);
            }
            2 => {
                let mut narrower = edit("mine");
                narrower.permissions = Some(vec!["api.tasks.read".into()]);
                world.home.update(&made.view, &narrower).await;
            }
            3 => {
                let mut elsewhere = edit("mine");
                elsewhere.allowed_addresses = Some(vec!["198.51.100.7".into()]);
                world.home.update(&made.view, &elsewhere).await;
            }
            _ => drop(world.home.rotate(&made.view, 0).await),
        }
        let page = browser.get("/console").await;
        assert_eq!(
            page.location(),
            format!("/console/sign-in?ended={why}"),
            "{end}"
        );
        let page = browser.get("/console/sign-in?ended=address").await;
        assert!(page.has("may not be used from your address"));
    }
    drop(reader);
}

#[tokio::test]
async fn it_ends_unused_and_it_ends_some_day() {
    let world = World::new().await;
    let mut browser = world.signed_in(&world.root).await;
    for _ in 0..3 {
        world.stores.clock.advance(25 * 60);
        assert_eq!(browser.get("/console").await.status, 200, "it is used");
    }
    world.stores.clock.advance(30 * 60);
    assert_eq!(
        browser.get("/console").await.location(),
        "/console/sign-in?ended=over"
    );
    let mut browser = world.signed_in(&world.root).await;
    let mut minutes = 0;
    while browser.get("/console").await.status == 200 {
        world.stores.clock.advance(20 * 60);
        minutes += 20;
    }
    assert_eq!(minutes, 12 * 60);
}

#[tokio::test]
async fn it_goes_on_with_an_old_secret_only_for_the_overlap() {
    let world = World::new().await;
    let made = world.home.make("mine").await;
    let mut browser = world.signed_in(&made).await;
    world.home.rotate(&made.view, 600).await;
    assert_eq!(browser.get("/console").await.status, 200);
    world.stores.clock.advance(600);
    assert_eq!(
        browser.get("/console").await.location(),
        "/console/sign-in?ended=over"
    );
}

#[tokio::test]
async fn another_address_is_refused_and_the_way_back_is_open() {
    let world = World::new().await;
    let mut draft = world.home.draft("bound");
    draft.allowed_addresses = vec!["192.0.2.0/24".into()];
    let made = world.home.make_of(&draft).await;
    let mut browser = world.signed_in(&made).await;
    let mut thief = world.browser_at("203.0.113.9");
    thief.cookie.clone_from(&browser.cookie);
    assert_eq!(
        thief.get("/console").await.location(),
        "/console/sign-in?ended=address"
    );
    assert_eq!(browser.get("/console").await.status, 200);
}

#[tokio::test]
async fn what_an_ended_session_sends_changes_nothing() {
    let world = World::new().await;
    let made = world.home.make("mine").await;
    let mut browser = world.signed_in(&made).await;
    let other = world.home.make("other").await;
    let target = format!("/console/tokens/{}/revoke", other.view.token.id);
    assert_eq!(browser.get(&target).await.status, 200);
    world.home.revoke(&made.view).await;
    let page = browser.post(&target, &[("name", "other")]).await;
    assert_eq!(page.status, 303);
    let kept = world.home.get(other.view.token.id).await.unwrap();
    assert_eq!(kept.token.version, Version::FIRST);
}

#[tokio::test]
async fn nobody_is_judged_by_a_clock_that_is_apart() {
    let world = World::new().await;
    let mut browser = world.signed_in(&world.root).await;
    assert!(world.time.note(true));
    let page = browser.get("/console").await;
    assert_eq!(page.status, 503);
    assert!(page.has("The clock of this node is wrong"));
    let mut another = world.browser();
    another.get("/console/sign-in").await;
    let secret = world.root.secret.expose();
    for _ in 0..9 {
        let page = another.post("/console/sign-in", &[("token", secret)]).await;
        assert_eq!(page.status, 503, "and none of them counts as a bad one");
    }
    assert!(world.time.note(false));
    assert_eq!(browser.get("/console").await.status, 200);
    another.sign_in(secret).await;
}
