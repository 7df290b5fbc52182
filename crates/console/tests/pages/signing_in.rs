//! Who can sign in, and how soon others may try again.

use axum::http::header;

use super::world::World;

#[tokio::test]
async fn a_token_that_reads_tokens_gets_in_and_on_to_where_it_wanted() {
    let world = World::new().await;
    let mut browser = world.browser();
    let wanted = "/console?q=a%26b&page=2";
    let page = browser.get(wanted).await;
    assert_eq!(
        (page.status.as_u16(), page.location()),
        (
            303,
            "/console/sign-in?next=%2Fconsole%3Fq%3Da%2526b%26page%3D2"
        )
    );
    let location = page.location().to_owned();
    let page = browser.get(&location).await;
    let next = page
        .after("name=\"next\" value=\"", '"')
        .unwrap()
        .replace("&amp;", "&");
    assert_eq!(next, wanted);
    let before = browser.cookie.clone().unwrap();
    let secret = world.root.secret.expose().to_owned();
    let page = browser
        .post(
            "/console/sign-in",
            &[("token", &format!(" {secret}\n")), ("next", &next)],
        )
        .await;
    assert_eq!((page.status.as_u16(), page.location()), (303, wanted));
    assert_ne!(
        browser.cookie.as_ref(),
        Some(&before),
        "the id is another one"
    );
    let page = browser.get("/console").await;
    assert_eq!(page.status, 200);
    assert!(page.has("Signed in as") && !page.has(&secret));
    assert_eq!(browser.get("/console/sign-in").await.location(), "/console");
}

#[tokio::test]
async fn others_stay_outside_and_hear_why() {
    let world = World::new().await;
    let reader = world.token("reader", &["api.api-tokens.read"]).await;
    let lacking = world.token("lacking", &["api.tasks.read"]).await;
    let mut bound = world.home.draft("bound");
    bound.allowed_addresses = vec!["198.51.100.0/24".into()];
    let bound = world.home.make_of(&bound).await;
    world.home.revoke(&reader.view).await;
    for (secret, status, words) in [
        ("", 422, "Paste the secret"),
        ("csg_nothing", 401, "not the secret of a token that works"),
        (
            reader.secret.expose(),
            401,
            "not the secret of a token that works",
        ),
        (lacking.secret.expose(), 403, "may not read tokens"),
        (
            bound.secret.expose(),
            403,
            "may not be used from your address",
        ),
    ] {
        let mut browser = world.browser();
        browser.get("/console/sign-in").await;
        let page = browser.post("/console/sign-in", &[("token", secret)]).await;
        assert_eq!(page.status, status, "{words}");
        assert!(
            page.has(words) && page.has("aria-invalid=\"true\""),
            "{}",
            page.text
        );
        assert!(
            secret.is_empty() || !page.has(secret),
            "no page repeats a secret"
        );
        assert_eq!(browser.get("/console").await.status, 303);
    }
}

#[tokio::test]
async fn bad_sign_ins_are_slowed_down_by_address() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.get("/console/sign-in").await;
    for _ in 0..5 {
        let page = browser
            .post("/console/sign-in", &[("token", "csg_nothing")])
            .await;
        assert_eq!(page.status, 401);
    }
    for _ in 0..50 {
        let page = browser
            .post("/console/sign-in", &[("token", "csg_nothing")])
            .await;
        assert_eq!(page.status, 429);
        let wait = page.headers[header::RETRY_AFTER].to_str().unwrap();
        assert!((1..=61).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    }
    let mut elsewhere = world.browser_at("192.0.2.200");
    elsewhere.get("/console/sign-in").await;
    let page = elsewhere
        .post("/console/sign-in", &[("token", "csg_nothing")])
        .await;
    assert_eq!(page.status, 401, "somebody else");
    // From the very address that others guess from, and more than once.
    for _ in 0..3 {
        let mut colleague = world.browser();
        colleague.sign_in(world.root.secret.expose()).await;
    }
    let lacking = world.token("lacking", &["api.tasks.read"]).await;
    let page = browser
        .post("/console/sign-in", &[("token", lacking.secret.expose())])
        .await;
    assert_eq!(page.status, 403, "a secret that works is no guess");
}

#[tokio::test]
async fn over_tls_the_cookie_is_bound_to_its_host() {
    let world = World::new().await;
    let mut browser = world.browser();
    let plain = browser.get("/console/sign-in").await;
    let cookie = plain.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("countersign=") && cookie.ends_with("HttpOnly; SameSite=Strict"));
    let mut browser = world.browser();
    browser.headers = vec![("x-forwarded-proto", "https")];
    browser.sign_in(world.root.secret.expose()).await;
    assert!(
        browser
            .cookie
            .as_ref()
            .unwrap()
            .starts_with("__Host-countersign=")
    );
    assert_eq!(browser.get("/console").await.status, 200);
}
