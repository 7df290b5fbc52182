//! Owner, description and metadata in the pages: entered, shown, searched, changed and merged.

use countersign_application::testing::rename_to;
use countersign_domain::{Metadata, Owner, Secret, WrittenAnnotations};

use super::world::World;

const ENTRY: [(&str, &str); 6] = [
    ("name", "Made here"),
    ("lifetime", "30"),
    ("permissions", "api.tasks.read"),
    ("owner", "Größe 1"),
    ("description", "one\r\ntwo <b>"),
    ("metadata", "plan = gold\r\n\r\nurl=a=b"),
];

#[tokio::test]
async fn what_is_entered_is_stored_shown_and_found() {
    let world = World::new().await;
    let mut browser = world.signed_in(&world.root).await;
    let page = browser.get("/console/tokens/new").await;
    let key = page.after("name=\"key\" value=\"", '"').unwrap().to_owned();
    let fields = [&ENTRY[..], &[("key", key.as_str())]].concat();
    let page = browser.post("/console/tokens/new", &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let secret = page.after("id=\"secret\" data-name=\"Made here\">", '<');
    let digest = Secret::parse(secret.unwrap()).unwrap().digest();
    let made = world.stores.tokens.find(&digest).await.unwrap();
    let id = made.unwrap().token;
    world.home.make("Other").await;

    let found = browser.get("/console?owner=gr%C3%B6%C3%9Fe+1").await;
    assert!(
        found.has("Made here") && !found.has("Other"),
        "{}",
        found.text
    );
    let page = browser.get(&format!("/console/tokens/{id}")).await;
    for words in ["Größe 1", "one\ntwo &lt;b&gt;", "plan=gold", "url=a=b"] {
        assert!(page.has(words), "{words}: {}", page.text);
    }
    let form = browser.get(&format!("/console/tokens/{id}/edit")).await;
    for words in ["value=\"Größe 1\"", "plan=gold\nurl=a=b"] {
        assert!(form.has(words), "{words}: {}", form.text);
    }
    let nobody = browser.get("/console?owner=gr").await;
    assert!(!nobody.has("Made here"));
}

#[tokio::test]
async fn a_form_changes_what_it_has_and_keeps_the_rest() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let mut edit = rename_to("one");
    edit.annotations = WrittenAnnotations {
        owner: Some("acme".into()),
        description: Some("text".into()),
        metadata: Some(vec![("plan".into(), " gold".into())]),
    };
    let view = world.home.update(&made.view, &edit).await;
    let (target, mut browser) = world.form(&made, "edit").await;
    let held = view.token.permissions.iter().map(ToString::to_string);
    let held: Vec<String> = held.collect();
    let fields =
        |step: &'static str, version: &'static str, more: &[(&'static str, &'static str)]| {
            let mut fields = vec![
                ("version", version),
                ("step", step),
                ("name", "one"),
                ("lifetime", "keep"),
            ];
            fields.extend(more);
            let mut fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()))
                .collect();
            fields.extend(held.iter().map(|held| ("permissions", held.clone())));
            fields
        };
    // As it was shown, and by a form of before these fields existed.
    for same in [
        &[
            ("owner", "acme"),
            ("description", "text"),
            ("metadata", "plan= gold"),
        ][..],
        &[],
    ] {
        let page = browser.post_made(&target, &fields("save", "2", same)).await;
        assert!(
            page.location().ends_with("?done=unchanged"),
            "{}",
            page.text
        );
    }
    let changed = [
        ("owner", "beta"),
        ("description", ""),
        ("metadata", "plan=silver"),
    ];
    let page = browser
        .post_made(&target, &fields("review", "2", &changed))
        .await;
    for words in ["acme", "beta", "plan= gold", "plan=silver"] {
        assert!(page.has(words), "{words}: {}", page.text);
    }
    let page = browser
        .post_made(&target, &fields("save", "2", &changed))
        .await;
    assert!(page.location().ends_with("?done=saved"), "{}", page.text);
    let stored = world.home.get(made.view.token.id).await.unwrap().token;
    assert_eq!(stored.owner, Owner::parse("beta").ok());
    assert_eq!(stored.description, None);
    assert_eq!(
        stored.metadata,
        Metadata::parse([("plan", "silver")]).unwrap()
    );
    let wrong = [("owner", "\u{202e}"), ("metadata", "Plan=x")];
    let page = browser
        .post_made(&target, &fields("review", "3", &wrong))
        .await;
    assert_eq!(page.status, 422);
    assert!(page.has("owner-fault") && page.has("metadata-fault") && page.has("“Plan”"));
}

#[tokio::test]
async fn whoever_was_slower_sees_both_owners() {
    let world = World::new().await;
    let made = world.home.make("one").await;
    let mut theirs = rename_to("one");
    theirs.annotations.owner = Some("their owner".into());
    world.home.update(&made.view, &theirs).await;
    let (target, mut browser) = world.form(&made, "edit").await;
    let mut fields = vec![
        ("version", "1"),
        ("step", "save"),
        ("name", "one"),
        ("lifetime", "keep"),
        ("owner", "my owner"),
        ("description", "mine alone"),
    ];
    let held: Vec<_> = made
        .view
        .token
        .permissions
        .iter()
        .map(ToString::to_string)
        .collect();
    fields.extend(held.iter().map(|held| ("permissions", held.as_str())));
    let page = browser.post(&target, &fields).await;
    assert_eq!(page.status, 409);
    for words in [
        "their owner",
        "my owner",
        "Both of you changed it",
        "mine alone",
    ] {
        assert!(page.has(words), "{words}: {}", page.text);
    }
}
