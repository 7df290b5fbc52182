//! Edits of tokens: reviewed before they are stored, merged with other people's changes, refused
//! beside the field.

use countersign_application::{IssuedToken, testing::rename_to};
use countersign_domain::TokenUpdate;

use super::world::World;

/// Fields of a form that changes the name only.
fn edit<'a>(
    made: &IssuedToken,
    version: &'a str,
    step: &'a str,
    name: &'a str,
) -> Vec<(&'static str, String)> {
    let permissions = made.view.token.permissions.iter();
    let mut fields: Vec<_> = permissions
        .map(|held| ("permissions", held.to_string()))
        .collect();
    for (field, value) in [
        ("version", version),
        ("step", step),
        ("name", name),
        ("lifetime", "keep"),
        ("addresses", ""),
    ] {
        fields.push((field, value.to_owned()));
    }
    fields
}

#[tokio::test]
async fn a_change_is_reviewed_before_it_is_stored() {
    let world = World::new().await;
    let made = world.home.make("old name").await;
    let (target, mut browser) = world.form(&made, "edit").await;
    let page = browser
        .post_made(&target, &edit(&made, "1", "review", "new name"))
        .await;
    assert!(page.has("Nothing is stored yet") && page.has("old name") && page.has("new name"));
    assert_eq!(world.events(&made.view).await, 1);
    let back = browser
        .post_made(&target, &edit(&made, "1", "edit", "new name"))
        .await;
    assert!(back.has("value=\"new name\""));
    let saved = browser
        .post_made(&target, &edit(&made, "1", "save", "new name"))
        .await;
    assert!(saved.location().ends_with("?done=saved"));
    let stored = world.home.get(made.view.token.id).await.unwrap();
    assert_eq!(stored.token.name.as_str(), "new name");
    assert_eq!(stored.token.version.to_string(), "2");
    assert_eq!(stored.modified_by.name, "Root".into());
    let nothing = browser
        .post_made(&target, &edit(&made, "2", "review", "new name"))
        .await;
    assert!(nothing.location().ends_with("?done=unchanged"));
    assert_eq!(world.events(&made.view).await, 2);
}

#[tokio::test]
async fn whoever_was_slower_sees_both_and_overwrites_nothing_unseen() {
    let world = World::new().await;
    let made = world.home.make("base name").await;
    let (target, mut browser) = world.form(&made, "edit").await;
    let theirs = TokenUpdate {
        allowed_addresses: Some(vec!["198.51.100.0/24".into()]),
        permissions: Some(vec!["api.tasks.read".into()]),
        ..rename_to("their name")
    };
    world.home.update(&made.view, &theirs).await;
    let mut mine = edit(&made, "1", "save", "my name");
    mine.push(("addresses", "203.0.113.9".into()));
    let page = browser.post_made(&target, &mine).await;
    assert_eq!(page.status, 409);
    for words in [
        "base name",
        "their name",
        "my name",
        "Both of you changed it",
        "198.51.100.0/24",
        "203.0.113.9",
        "they added it",
        "you added it",
        "they took it away",
        "home system",
    ] {
        assert!(page.has(words), "{words}: {}", page.text);
    }
    assert!(page.has("name=\"version\" value=\"2\""));
    assert_eq!(
        world.events(&made.view).await,
        2,
        "nothing of mine is stored"
    );
    let mixed = [
        ("version", "2"),
        ("step", "save"),
        ("name", "my name"),
        ("lifetime", "keep"),
        ("addresses", "198.51.100.0/24"),
        ("addresses", "203.0.113.9"),
        ("permissions", "api.tasks.read"),
    ];
    let saved = browser.post(&target, &mixed).await;
    assert!(saved.location().ends_with("?done=saved"), "{}", saved.text);
    let stored = world.home.get(made.view.token.id).await.unwrap().token;
    assert_eq!(
        (
            stored.name.as_str(),
            stored.permissions.to_string().as_str()
        ),
        ("my name", "api.tasks.read")
    );
    assert_eq!(stored.addresses.iter().count(), 2);
}

#[tokio::test]
async fn a_widening_that_is_refused_names_what_is_missing() {
    let world = World::new().await;
    let writer = world.writer().await;
    let strong = world
        .token("strong", &["api.webhooks.delete", "api.webhooks.read"])
        .await;
    let target = format!("/console/tokens/{}/edit", strong.view.token.id);
    let mut browser = world.signed_in(&writer).await;
    let page = browser.get(&target).await;
    assert!(page.has("value=\"api.webhooks.read\""));
    let mut prolonged = edit(&strong, "1", "save", "strong");
    for (_, value) in prolonged
        .iter_mut()
        .filter(|(field, _)| *field == "lifetime")
    {
        *value = "date".into();
    }
    prolonged.push(("expiry", "2028-05-01T00:00".into()));
    // As the table has them: read before delete.
    prolonged[..2].reverse();
    let page = browser.post_made(&target, &prolonged).await;
    assert_eq!(page.status, 422);
    assert!(
        page.has("id=\"expiry-fault\"")
            && page.has(
                "holds api.webhooks.read, which the token that you signed in with does not hold"
            )
    );
    assert_eq!(world.events(&strong.view).await, 1);
}

#[tokio::test]
async fn whoever_would_lock_themselves_out_is_asked() {
    let world = World::new().await;
    let target = format!("/console/tokens/{}/edit", world.root.view.token.id);
    let mut browser = world.signed_in(&world.root).await;
    browser.get(&target).await;
    let mut narrowed = edit(&world.root, "1", "save", "Root");
    narrowed.push(("addresses", "203.0.113.9".into()));
    let page = browser.post_made(&target, &narrowed).await;
    assert_eq!(page.status, 422);
    assert!(page.has("Your own address, 192.0.2.1") && page.has("name=\"lockout\""));
    narrowed.push(("lockout", "yes".into()));
    let page = browser.post_made(&target, &narrowed).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert!(
        browser
            .get("/console")
            .await
            .location()
            .contains("ended=address")
    );
}

#[tokio::test]
async fn what_is_mended_is_still_sent_for_the_version_that_was_seen() {
    let world = World::new().await;
    let made = world.home.make("base name").await;
    let (target, mut browser) = world.form(&made, "edit").await;
    world
        .home
        .update(&made.view, &rename_to("their name"))
        .await;
    let mut unreadable = edit(&made, "1", "review", "my name");
    for (_, value) in unreadable
        .iter_mut()
        .filter(|(field, _)| *field == "lifetime")
    {
        *value = "date".into();
    }
    let page = browser.post_made(&target, &unreadable).await;
    assert_eq!(page.status, 409, "{}", page.text);
    assert!(page.has("their name") && page.has("my name"));
}
