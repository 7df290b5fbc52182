//! Revocation of a token with its descendants: listed first, then confirmed, then done; and never
//! by another site, with a wrong number, or against the caller's own token without confirmation.

use countersign_application::IssuedToken;

use super::world::World;

const ALL: &[&str] = &[
    "api.api-tokens.read",
    "api.api-tokens.write",
    "api.api-tokens.delete",
    "api.users.read",
    "api.tasks.read",
];

async fn made_by(world: &World, maker: &IssuedToken, name: &str) -> IssuedToken {
    world.home.stores.clock.advance(60);
    let draft = world.home.draft(name);
    world
        .home
        .make_by(world.home.actor(&maker.view), &draft)
        .await
}

#[tokio::test]
async fn what_a_token_made_is_shown_and_then_revoked() {
    let world = World::new().await;
    let leaked = world.token("leaked", ALL).await;
    let child = made_by(&world, &leaked, "first <child>").await;
    let late = made_by(&world, &child, "late").await;
    let (target, mut browser) = world.form(&leaked, "descendants").await;
    let revoke = browser.get(&target.replace("descendants", "revoke")).await;
    assert!(revoke.has(&target), "the way there");
    let page = browser.get(&target).await;
    assert!(
        page.has("3 live tokens")
            && page.has("first &lt;child&gt;")
            && page.has("The token itself")
    );

    // A wrong number, none, and none that is a number.
    for typed in ["2", "", "all", "0", "-3"] {
        let page = browser
            .post(&target, &[("since", ""), ("count", typed)])
            .await;
        assert_eq!(page.status, 422, "{typed}");
        assert!(page.has("Nothing was revoked."));
    }
    // Those of a period, by the field of a browser.
    let since = countersign_domain::Timestamp::to_utc(late.view.token.created);
    let since = since.format("%Y-%m-%dT%H:%M:%S").to_string();
    let page = browser.get(&format!("{target}?since={since}")).await;
    assert!(
        page.has("1 live token<") && page.has(&format!("value=\"{since}\"")),
        "{}",
        page.text
    );
    let page = browser.get(&format!("{target}?since=lately")).await;
    assert_eq!(page.status, 422);

    assert_eq!(world.events(&leaked.view).await, 1);
    browser.get(&target).await;
    let done = browser
        .post(&target, &[("since", ""), ("count", "3")])
        .await;
    assert_eq!(done.status, 303, "{}", done.text);
    let page = browser.get(done.location()).await;
    assert!(page.has("3 tokens revoked.") && page.has("There is nothing to revoke."));
    for token in [&leaked, &child, &late] {
        assert!(world.home.get(token.view.token.id).await.is_none());
    }
    let record = browser.get(&target.replace("/descendants", "")).await;
    assert!(record.has(&target), "the way there from a revoked token");
}

#[tokio::test]
async fn whoever_would_sign_themselves_out_is_asked() {
    let world = World::new().await;
    let head = world.token("head", ALL).await;
    let own = made_by(&world, &head, "own").await;
    let target = format!("/console/tokens/{}/descendants", head.view.token.id);
    let mut browser = world.signed_in(&own).await;
    let page = browser.get(&target).await;
    assert!(page.has("(yours)") && page.has("name=\"lockout\""));
    let page = browser
        .post(&target, &[("since", ""), ("count", "2")])
        .await;
    assert_eq!(page.status, 422);
    assert!(page.has("Tick the box to confirm that") && world.events(&head.view).await == 1);
    let fields = [("since", ""), ("count", "2"), ("lockout", "yes")];
    let done = browser.post(&target, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let page = browser.get(done.location()).await;
    assert!(page.location().contains("ended=over"), "{}", page.text);
}

#[tokio::test]
async fn neither_a_weaker_session_nor_a_form_from_elsewhere_revokes() {
    let world = World::new().await;
    let leaked = world.token("leaked", ALL).await;
    let target = format!("/console/tokens/{}/descendants", leaked.view.token.id);
    let mut writer = world.signed_in(&world.writer().await).await;
    assert_eq!(writer.get(&target).await.status, 403);
    assert_eq!(writer.post(&target, &[("count", "1")]).await.status, 403);
    let mut browser = world.signed_in(&world.root).await;
    let page = browser
        .post_raw(&target, "since=&count=1&form=guessed")
        .await;
    assert_eq!(page.status, 403);
    browser.headers.push(("sec-fetch-site", "cross-site"));
    assert_eq!(browser.post(&target, &[("count", "1")]).await.status, 403);
    assert_eq!(world.events(&leaked.view).await, 1);
}

#[tokio::test]
async fn an_ancestor_is_refused_in_words() {
    let world = World::new().await;
    let head = world.token("head", ALL).await;
    let own = made_by(&world, &head, "own").await;
    let target = format!("/console/tokens/{}/rotate", head.view.token.id);
    let mut browser = world.signed_in(&own).await;
    browser.get(&target).await;
    let page = browser
        .post(&target, &[("version", "1"), ("overlap", "0")])
        .await;
    assert_eq!(page.status, 403);
    assert!(page.has("cannot make a new secret for"), "{}", page.text);
}
