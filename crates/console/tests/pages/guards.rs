//! The headers of every answer, and what other sites cannot make a browser do.

use axum::http::header;

use super::world::World;

/// Every page, with the token that is looked at.
fn pages(id: &str) -> Vec<String> {
    let of_token =
        ["", "/edit", "/rotate", "/revoke"].map(|end| format!("/console/tokens/{id}{end}"));
    let plain = [
        "/console",
        "/console/history",
        "/console/tokens/new",
        "/console/addresses",
    ];
    plain
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(of_token)
        .collect()
}

#[tokio::test]
async fn every_answer_is_kept_from_frames_caches_and_injected_text() {
    let world = World::new().await;
    let id = world.root.view.token.id.to_string();
    let mut browser = world.signed_in(&world.root).await;
    let mut targets = pages(&id);
    targets.extend(
        [
            "/",
            "/console/sign-in?ended=over",
            "/console/nothing",
            "/console/tokens/x",
        ]
        .map(Into::into),
    );
    for target in &targets {
        let page = browser.get(target).await;
        let says = |name: &str| {
            page.headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
        };
        let policy = says("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(says("x-content-type-options"), "nosniff", "{target}");
        assert_eq!(says("referrer-policy"), "no-referrer");
        assert_eq!(says("cache-control"), "no-store");
        assert!(!says("x-request-id").is_empty());
        assert!(!page.has("<script>") && !page.has("style=\"") && !page.has(" onclick"));
    }
    let page = browser.get("/console").await;
    for asset in ["style.css", "console.js", "icon.svg"] {
        let link = page
            .after(&format!("/console/assets/{asset}"), '"')
            .unwrap();
        let loaded = browser.get(&format!("/console/assets/{asset}{link}")).await;
        assert_eq!(loaded.status, 200);
        assert!(
            loaded.headers[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
    }
}

#[tokio::test]
async fn nobody_sees_or_sends_anything_without_signing_in() {
    let world = World::new().await;
    let id = world.root.view.token.id.to_string();
    for target in pages(&id) {
        let mut browser = world.browser();
        let page = browser.get(&target).await;
        assert_eq!(page.status, 303, "{target}");
        assert!(page.location().starts_with("/console/sign-in"));
        let page = browser.post(&target, &[("name", "Root")]).await;
        assert!([303, 405].contains(&page.status.as_u16()), "{target}");
    }
    assert_eq!(world.events(&world.root.view).await, 1);
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let world = World::new().await;
    let other = world.home.make("other").await;
    let (target, mut browser) = world.form(&other, "revoke").await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
    ] {
        browser.headers = headers.to_vec();
        let page = browser.post(&target, &[("name", "other")]).await;
        assert_eq!(page.status, 403, "{headers:?}");
        assert!(page.has("another site"));
    }
    browser.headers = vec![("sec-fetch-site", "cross-site")];
    let mut targets = pages(&other.view.token.id.to_string());
    targets.extend(["/console/sign-in", "/console/sign-out"].map(Into::into));
    for target in targets {
        let page = browser.post(&target, &[("name", "other")]).await;
        assert_eq!(page.status, 403, "{target}");
    }
    browser.headers.clear();
    for body in ["name=other", "name=other&form=", "name=other&form=0000"] {
        let page = browser.post_raw(&target, body).await;
        assert_eq!(page.status, 403, "{body}");
    }
    let mut neighbour = world.signed_in(&world.root).await;
    neighbour.get(&target).await;
    neighbour.cookie.clone_from(&browser.cookie);
    let page = neighbour.post(&target, &[("name", "other")]).await;
    assert_eq!(page.status, 403, "a form of another session");
    assert_eq!(world.events(&other.view).await, 1);
    browser.headers = vec![("sec-fetch-site", "same-origin"), ("origin", "null")];
    assert_eq!(
        browser.post(&target, &[("name", "other")]).await.status,
        303
    );
    assert_eq!(world.events(&other.view).await, 2);
}

#[tokio::test]
async fn a_link_on_another_site_leads_here_in_two_steps() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.headers = vec![("sec-fetch-site", "cross-site")];
    let page = browser.get("/console?q=%22%3E%3Cscript%3E").await;
    assert_eq!(page.status, 200);
    assert!(page.has("http-equiv=\"refresh\"") && page.has("0;url=/console?q=%22%3E%3Cscript%3E"));
    browser.headers = vec![("sec-fetch-site", "same-origin")];
    assert_eq!(browser.get("/console").await.status, 303);
    let mut browser = world.browser();
    browser.headers = vec![("sec-fetch-site", "cross-site")];
    let page = browser.get("/console/sign-in").await;
    assert!(
        page.has("http-equiv") && browser.cookie.is_none(),
        "a session would be overwritten"
    );
}

#[tokio::test]
async fn another_releases_assets_are_not_kept() {
    let world = World::new().await;
    let mut browser = world.browser();
    for other in [
        "/console/assets/style.css",
        "/console/assets/style.css?v=other",
    ] {
        let page = browser.get(other).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store", "{other}");
    }
}

#[tokio::test]
async fn what_is_no_form_is_said_to_be_none() {
    let world = World::new().await;
    let mut browser = world.signed_in(&world.root).await;
    browser.get("/console/tokens/new").await;
    let large = format!("name={}", "x".repeat(70_000));
    assert_eq!(
        browser.post_raw("/console/tokens/new", &large).await.status,
        413
    );
    browser.headers = vec![("content-type", "text/plain")];
    assert_eq!(
        browser
            .send("POST", "/console/tokens/new", None)
            .await
            .status,
        415
    );
    browser.headers.clear();
    let page = browser.send("PUT", "/console", None).await;
    assert_eq!(page.status, 405);
    assert!(page.headers.contains_key(header::ALLOW));
    for nothing in [
        "/console/nothing",
        "/console/tokens/x",
        "/console/tokens/%FF",
        "/console/assets/secret",
    ] {
        let page = browser.get(nothing).await;
        assert_eq!(page.status, 404, "{nothing}");
        assert!(page.has("<h1>"));
    }
}
