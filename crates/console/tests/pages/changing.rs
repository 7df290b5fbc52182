//! Making, changing and taking back: what is stored is what was asked for, and what is refused is said beside its field.

use countersign_application::{Made, testing::named};
use countersign_domain::{Edit, Secret, Version};

use super::{browser::Page, world::World};

fn entry<'a>(name: &'a str, permissions: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    let mut fields = vec![("name", name), ("lifetime", "30")];
    fields.extend(
        permissions
            .iter()
            .map(|permission| ("permissions", *permission)),
    );
    fields
}

#[tokio::test]
async fn a_token_is_made_once_and_its_secret_shown_once() {
    let world = World::new().await;
    let mut browser = world.signed_in(&world.root).await;
    let page = browser.get("/console/tokens/new").await;
    let key = page.after("name=\"key\" value=\"", '"').unwrap().to_owned();
    let mut fields = entry("Made here", &["api.tasks.read", "api.tasks.write"]);
    fields.extend([
        ("key", key.as_str()),
        ("addresses", "192.0.2.7\r\n::ffff:198.51.100.0/120"),
    ]);
    let page = browser.post("/console/tokens/new", &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let secret = page
        .after("id=\"secret\" data-name=\"Made here\">", '<')
        .unwrap()
        .to_owned();
    let digest = Secret::parse(&secret).unwrap().digest();
    let credential = world.stores.tokens.find(&digest);
    let credential = credential.await.unwrap().unwrap();
    assert_eq!(
        credential.permissions.to_string(),
        "api.tasks.read api.tasks.write"
    );
    let addresses: Vec<_> = credential.addresses.iter().collect();
    assert_eq!(addresses, ["192.0.2.7", "198.51.100.0/24"]);
    assert_eq!(
        credential.expiry,
        world.stores.clock.now().plus_seconds(30 * 24 * 3600)
    );
    let again = browser.post("/console/tokens/new", &fields).await;
    assert_eq!(again.status, 303);
    let target = format!("/console/tokens/{}", credential.token);
    assert_eq!(again.location(), format!("{target}?made=before"));
    for target in [target.as_str(), again.location(), "/console"] {
        assert!(!browser.get(target).await.has(&secret));
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_is_lost() {
    let world = World::new().await;
    let writer = world
        .token(
            "writer",
            &[
                "api.api-tokens.read",
                "api.api-tokens.write",
                "api.tasks.read",
            ],
        )
        .await;
    let mut browser = world.signed_in(&writer).await;
    let page = browser.get("/console/tokens/new").await;
    assert!(page.has("Greyed out"));
    let page = browser
        .post(
            "/console/tokens/new",
            &[
                ("key", "k"),
                ("name", " "),
                ("lifetime", "date"),
                ("expiry", "2020-01-01T00:00"),
                ("addresses", "10.0.0.1/8\nnowhere"),
                ("permissions", "api.tasks.read"),
                ("permissions", "api.tasks.write"),
            ],
        )
        .await;
    assert_eq!(page.status, 422);
    for words in [
        "id=\"name-fault\"",
        "id=\"expiry-fault\"",
        "id=\"addresses-fault\"",
        "id=\"permissions-fault\"",
        "has to lie ahead",
        "the network is 10.0.0.0/8",
        "“nowhere”",
        "api.tasks.write: the token that you signed in with does not hold it",
        "10.0.0.1/8\nnowhere",
        "Nothing was stored",
    ] {
        assert!(page.has(words), "{words}: {}", page.text);
    }
    let mut fields = entry("WRITER", &["api.tasks.read"]);
    fields.push(("key", "k"));
    let page = browser.post("/console/tokens/new", &fields).await;
    assert!(page.has("Another token has this name"));
}

#[tokio::test]
async fn a_reader_may_look_and_do_nothing_else() {
    let world = World::new().await;
    let reader = world.token("reader", &["api.api-tokens.read"]).await;
    let id = world.root.view.token.id;
    let mut browser = world.signed_in(&reader).await;
    let page = browser.get("/console").await;
    assert!(!page.has("New token"));
    let page = browser.get(&format!("/console/tokens/{id}")).await;
    assert!(page.status == 200 && !page.has("/edit\"") && !page.has("/revoke\""));
    for (target, needed) in [
        ("/console/tokens/new".to_owned(), "api.api-tokens.write"),
        (format!("/console/tokens/{id}/edit"), "api.api-tokens.write"),
        (
            format!("/console/tokens/{id}/rotate"),
            "api.api-tokens.write",
        ),
        (
            format!("/console/tokens/{id}/revoke"),
            "api.api-tokens.delete",
        ),
    ] {
        let page = browser.get(&target).await;
        assert_eq!(page.status, 403);
        assert!(page.has(needed));
        let page = browser
            .post(
                &target,
                &[
                    ("name", "Root"),
                    ("version", "1"),
                    ("overlap", "0"),
                    ("step", "save"),
                ],
            )
            .await;
        assert_eq!(page.status, 403, "{target}");
    }
    assert_eq!(world.events(&world.root.view).await, 1);
}

/// Fields of a form that changes the name only.
fn edit<'a>(
    made: &Made,
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

async fn send(
    browser: &mut super::browser::Browser,
    target: &str,
    fields: &[(&'static str, String)],
) -> Page {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    browser.post(target, &fields).await
}

#[tokio::test]
async fn a_change_is_reviewed_before_it_is_stored() {
    let world = World::new().await;
    let made = world.home.make("old name").await;
    let target = format!("/console/tokens/{}/edit", made.view.token.id);
    let mut browser = world.signed_in(&world.root).await;
    browser.get(&target).await;
    let page = send(
        &mut browser,
        &target,
        &edit(&made, "1", "review", "new name"),
    )
    .await;
    assert!(page.has("Nothing is stored yet") && page.has("old name") && page.has("new name"));
    assert_eq!(world.events(&made.view).await, 1);
    let back = send(&mut browser, &target, &edit(&made, "1", "edit", "new name")).await;
    assert!(back.has("value=\"new name\""));
    let saved = send(&mut browser, &target, &edit(&made, "1", "save", "new name")).await;
    assert!(saved.location().ends_with("?done=saved"));
    let stored = world.home.get(made.view.token.id).await.unwrap();
    assert_eq!(stored.token.name.as_str(), "new name");
    assert_eq!(stored.token.version.to_string(), "2");
    assert_eq!(stored.modified_by.name, "Root".into());
    let nothing = send(
        &mut browser,
        &target,
        &edit(&made, "2", "review", "new name"),
    )
    .await;
    assert!(nothing.location().ends_with("?done=unchanged"));
    assert_eq!(world.events(&made.view).await, 2);
}

#[tokio::test]
async fn whoever_was_slower_sees_both_and_overwrites_nothing_unseen() {
    let world = World::new().await;
    let made = world.home.make("base name").await;
    let target = format!("/console/tokens/{}/edit", made.view.token.id);
    let mut browser = world.signed_in(&world.root).await;
    browser.get(&target).await;
    let theirs = Edit {
        allowed_addresses: Some(vec!["198.51.100.0/24".into()]),
        permissions: Some(vec!["api.tasks.read".into()]),
        ..named("their name")
    };
    world.home.update(&made.view, &theirs).await;
    let mut mine = edit(&made, "1", "save", "my name");
    mine.push(("addresses", "203.0.113.9".into()));
    let page = send(&mut browser, &target, &mine).await;
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
    let writer = world
        .token(
            "writer",
            &[
                "api.api-tokens.read",
                "api.api-tokens.write",
                "api.tasks.read",
            ],
        )
        .await;
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
    let page = send(&mut browser, &target, &prolonged).await;
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
    let page = send(&mut browser, &target, &narrowed).await;
    assert_eq!(page.status, 422);
    assert!(page.has("Your own address, 192.0.2.1") && page.has("name=\"lockout\""));
    narrowed.push(("lockout", "yes".into()));
    let page = send(&mut browser, &target, &narrowed).await;
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
async fn a_secret_is_replaced_once_and_shown_once() {
    let world = World::new().await;
    let made = world.home.make("rotated").await;
    let target = format!("/console/tokens/{}/rotate", made.view.token.id);
    let mut browser = world.signed_in(&world.root).await;
    browser.get(&target).await;
    let page = browser
        .post(&target, &[("version", "1"), ("overlap", "3600")])
        .await;
    assert_eq!(page.status, 200);
    let secret = page
        .after("id=\"secret\" data-name=\"rotated\">", '<')
        .unwrap();
    assert_ne!(secret, made.secret.expose());
    let again = browser
        .post(&target, &[("version", "1"), ("overlap", "3600")])
        .await;
    assert_eq!(again.status, 409);
    assert!(again.has("changed the token meanwhile"));
    assert!(
        browser
            .get(&target.replace("/rotate", ""))
            .await
            .has("Got a new secret")
    );
    for odd in [
        [("version", "2"), ("overlap", "999999999")],
        [("version", "x"), ("overlap", "0")],
    ] {
        assert_eq!(browser.post(&target, &odd).await.status, 403);
    }
}

#[tokio::test]
async fn a_token_is_revoked_by_its_name() {
    let world = World::new().await;
    let made = world.home.make("to go").await;
    let id = made.view.token.id;
    let target = format!("/console/tokens/{id}/revoke");
    let mut browser = world.signed_in(&world.root).await;
    browser.get(&target).await;
    let page = browser.post(&target, &[("name", "To Go")]).await;
    assert_eq!(page.status, 422);
    assert_eq!(
        world.home.get(id).await.unwrap().token.version,
        Version::FIRST
    );
    world.home.update(&made.view, &named("to go!")).await;
    let page = browser.post(&target, &[("name", "to go!")]).await;
    assert_eq!(
        (page.status.as_u16(), page.location()),
        (303, &*format!("/console/tokens/{id}"))
    );
    assert_eq!(world.home.get(id).await, None);
}

#[tokio::test]
async fn what_is_mended_is_still_sent_for_the_version_that_was_seen() {
    let world = World::new().await;
    let made = world.home.make("base name").await;
    let target = format!("/console/tokens/{}/edit", made.view.token.id);
    let mut browser = world.signed_in(&world.root).await;
    browser.get(&target).await;
    world.home.update(&made.view, &named("their name")).await;
    let mut unreadable = edit(&made, "1", "review", "my name");
    for (_, value) in unreadable
        .iter_mut()
        .filter(|(field, _)| *field == "lifetime")
    {
        *value = "date".into();
    }
    let page = send(&mut browser, &target, &unreadable).await;
    assert_eq!(page.status, 409, "{}", page.text);
    assert!(page.has("their name") && page.has("my name"));
}

#[tokio::test]
async fn a_form_that_was_gone_back_to_makes_another_token_when_asked_again() {
    let world = World::new().await;
    let mut browser = world.signed_in(&world.root).await;
    browser.get("/console/tokens/new").await;
    let fields = |name: &str, key: &str| {
        let plain = entry(name, &["api.tasks.read"]);
        let mut owned: Vec<_> = plain
            .into_iter()
            .map(|(field, value)| (field, value.to_owned()))
            .collect();
        owned.push(("key", key.to_owned()));
        owned
    };
    let target = "/console/tokens/new";
    let page = send(&mut browser, target, &fields("First", "one-key")).await;
    assert!(page.has("id=\"secret\""));
    let page = send(&mut browser, target, &fields("Second", "one-key")).await;
    assert!(page.has("has made a token already") && page.has("value=\"Second\""));
    let key = page.after("name=\"key\" value=\"", '"').unwrap().to_owned();
    let page = send(&mut browser, target, &fields("Second", &key)).await;
    assert!(
        page.has("id=\"secret\" data-name=\"Second\""),
        "{}",
        page.text
    );
}
