//! A token from its creation to its revocation, in one browser: each step is checked in the page,
//! and over HTTP independently of the page.

use std::fs;

use countersign_xtask::browser::Browser;
use reqwest::Method;

use crate::{
    common::{TOKENS, answered},
    desk::{Desk, leave, text},
};

#[tokio::test]
async fn a_token_is_made_used_changed_replaced_and_revoked() {
    let desk = Desk::start();
    let browser = desk.root().await;
    browser.allow_clipboard().await.unwrap();

    browser.press("New token").await.unwrap();
    browser.fill("#name", "Nightly export").await.unwrap();
    browser
        .click("input[name=lifetime][value='90']")
        .await
        .unwrap();
    browser
        .fill("#addresses", "127.0.0.1\n192.0.2.0/24")
        .await
        .unwrap();
    let judged = "document.querySelector('#address-check').textContent.includes('2 entries')";
    browser.until(judged).await.unwrap();
    for permission in ["api.api-tokens.read", "api.tasks.read"] {
        let tick = format!("input[name=permissions][value='{permission}']");
        browser.click(&tick).await.unwrap();
    }
    assert!(browser.text("#count").await.unwrap().starts_with("2 of "));
    browser.press("Make the token").await.unwrap();

    // The secret, once.
    let secret = browser.text("#secret").await.unwrap();
    browser.click("#copy").await.unwrap();
    let copied = "document.querySelector('#copied').textContent === 'Copied'";
    browser.until(copied).await.unwrap();
    assert_eq!(browser.clipboard().await.unwrap(), secret);
    browser.click("#download").await.unwrap();
    let file = crate::desk::downloaded(&browser).await;
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), secret);
    let listed = desk.node.request_as(&secret, Method::GET, TOKENS).send();
    let listed = answered(listed.await.unwrap(), 200).await;
    let mut tokens = listed["content"].as_array().unwrap().iter();
    let found = tokens.find(|token| token["name"] == "Nightly export");
    let id = text(found.unwrap(), "id").to_owned();

    let page = format!("/console/tokens/{id}");
    browser.go(&page).await.unwrap();
    browser.sees("Chain verified").await.unwrap();
    assert!(!browser.source().await.unwrap().contains(&secret));
    browser.back().await.unwrap();
    assert!(
        !browser.source().await.unwrap().contains(&secret),
        "the way back shows it again"
    );

    // Changed, after a look at what would change.
    browser.go(&page).await.unwrap();
    browser.press("Edit").await.unwrap();
    browser.fill("#name", "Hourly export").await.unwrap();
    browser
        .click("input[value='api.tasks.read']")
        .await
        .unwrap();
    browser
        .click("input[value='api.tasks.write']")
        .await
        .unwrap();
    browser.press("Review the changes").await.unwrap();
    browser.sees("Nothing is stored yet").await.unwrap();
    assert!(
        browser
            .text(".chip.added")
            .await
            .unwrap()
            .contains("api.tasks.write")
    );
    assert!(
        browser
            .text(".chip.removed")
            .await
            .unwrap()
            .contains("api.tasks.read")
    );
    assert_eq!(desk.node.get(&id).await["version"], 1);
    browser.press("Save the changes").await.unwrap();
    browser.sees("The changes are saved.").await.unwrap();
    let stored = desk.node.get(&id).await;
    assert_eq!(stored["version"], 2);
    assert_eq!(stored["name"], "Hourly export");
    let left = ["api.api-tokens.read", "api.tasks.write"];
    assert_eq!(stored["permissions"], serde_json::json!(left));
    assert_eq!(stored["allowedAddresses"].as_array().unwrap().len(), 2);

    replaced_and_revoked(&desk, &browser, &page, &secret).await;
    leave(browser).await;
}

/// Gives the token a new secret, and takes it back.
async fn replaced_and_revoked(desk: &Desk, browser: &Browser, page: &str, secret: &str) {
    // A new secret, and the old one stops at once.
    browser.press("New secret").await.unwrap();
    browser
        .click("input[name=overlap][value='0']")
        .await
        .unwrap();
    browser.press("Make a new secret").await.unwrap();
    let newer = browser.text("#secret").await.unwrap();
    assert_ne!(newer, secret);
    assert_eq!(desk.status_of(secret).await, 401);
    assert_eq!(desk.status_of(&newer).await, 200);

    // Revoked, once its name is typed.
    browser.go(page).await.unwrap();
    browser.press("Revoke").await.unwrap();
    browser.fill("#typed", "Nightly export").await.unwrap();
    browser.press("Revoke it").await.unwrap();
    browser.sees("Nothing was revoked.").await.unwrap();
    assert_eq!(desk.status_of(&newer).await, 200);
    browser.fill("#typed", "Hourly export").await.unwrap();
    browser.press("Revoke it").await.unwrap();
    // A click does not wait for the answer: the page that follows acknowledges the revocation.
    browser.sees("Revoked by Root").await.unwrap();
    assert_eq!(desk.status_of(&newer).await, 401);
}
