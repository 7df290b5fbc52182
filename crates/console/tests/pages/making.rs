//! Creating tokens, rotating and revoking them: what was entered is stored, and a refusal is shown
//! beside its field.

use countersign_application::testing::rename_to;
use countersign_domain::{Secret, Version};

use super::world::World;

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
    let writer = world.writer().await;
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
        "has to be in the future",
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

#[tokio::test]
async fn a_secret_is_replaced_once_and_shown_once() {
    let world = World::new().await;
    let made = world.home.make("rotated").await;
    let (target, mut browser) = world.form(&made, "rotate").await;
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
    world.home.update(&made.view, &rename_to("to go!")).await;
    let page = browser.post(&target, &[("name", "to go!")]).await;
    assert_eq!(
        (page.status.as_u16(), page.location()),
        (303, &*format!("/console/tokens/{id}"))
    );
    assert_eq!(world.home.get(id).await, None);
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
    let page = browser.post_made(target, &fields("First", "one-key")).await;
    assert!(page.has("id=\"secret\""));
    let page = browser
        .post_made(target, &fields("Second", "one-key"))
        .await;
    assert!(page.has("has made a token already") && page.has("value=\"Second\""));
    let key = page.after("name=\"key\" value=\"", '"').unwrap().to_owned();
    let page = browser.post_made(target, &fields("Second", &key)).await;
    assert!(
        page.has("id=\"secret\" data-name=\"Second\""),
        "{}",
        page.text
    );
}
