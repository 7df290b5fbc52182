//! Pages without scripts, and without a mouse.

use countersign_xtask::browser::Browser;
use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::{Key, TypingData};

use crate::{
    common::{TOKENS, answered, in_a_year},
    desk::{Desk, leave, text},
};

#[tokio::test]
async fn everything_that_matters_works_without_scripts() {
    let desk = Desk::start();
    let browser = desk.open().await;
    browser.scripts(false).await.unwrap();
    browser.sign_in(&desk.node.root).await.unwrap();
    browser.press("New token").await.unwrap();
    browser.fill("#name", "Plain").await.unwrap();
    browser
        .click("input[name=lifetime][value=date]")
        .await
        .unwrap();
    let later = "document.querySelector('#own-date').value = new Date(Date.now() + 9e9).toISOString().slice(0, 16)";
    browser.ask(later).await.unwrap();
    browser
        .click("input[value='api.api-tokens.read']")
        .await
        .unwrap();
    browser.press("Make the token").await.unwrap();
    let secret = browser.text("#secret").await.unwrap();
    assert!(
        !browser
            .one("#copy")
            .await
            .unwrap()
            .is_displayed()
            .await
            .unwrap()
    );
    assert_eq!(desk.status_of(&secret).await, 200);

    browser
        .press("To the token, without its secret")
        .await
        .unwrap();
    browser.press("Edit").await.unwrap();
    browser.fill("#name", "Plainer").await.unwrap();
    browser.fill("#addresses", "127.0.0.0/8").await.unwrap();
    browser.press("Review the changes").await.unwrap();
    browser.press("Save the changes").await.unwrap();
    browser.sees("The changes are saved.").await.unwrap();
    browser.sees("Plainer").await.unwrap();
    browser
        .go("/console?q=plain&sort=modified&dir=desc")
        .await
        .unwrap();
    browser.sees("1 to 1 of 1 token").await.unwrap();
    leave(browser).await;
}

#[tokio::test]
async fn a_leaked_token_and_what_it_made_are_revoked_without_scripts() {
    let desk = Desk::start();
    let leaked = made(&desk, &desk.node.root, "Leaked").await;
    let child = made(&desk, text(&leaked, "token"), "Child").await;
    let browser = desk.open().await;
    browser.scripts(false).await.unwrap();
    browser.sign_in(&desk.node.root).await.unwrap();
    let page = format!("/console/tokens/{}", text(&leaked, "id"));
    browser.go(&page).await.unwrap();
    browser.press("Revoke").await.unwrap();
    let all = "revoke it and every token that it created or gave a new secret";
    browser.press(all).await.unwrap();
    browser.sees("2 live tokens").await.unwrap();
    browser.sees("Child").await.unwrap();
    browser.fill("#typed", "1").await.unwrap();
    browser.press("Revoke all of them").await.unwrap();
    browser.sees("Nothing was revoked.").await.unwrap();
    assert_eq!(desk.status_of(text(&child, "token")).await, 200);
    browser.fill("#typed", "2").await.unwrap();
    browser.press("Revoke all of them").await.unwrap();
    browser.sees("2 tokens revoked.").await.unwrap();
    for token in [&leaked, &child] {
        assert_eq!(desk.status_of(text(token, "token")).await, 401);
    }
    leave(browser).await;
}

/// A token that may make others, made with that secret.
async fn made(desk: &Desk, secret: &str, name: &str) -> Value {
    let permissions = ["api.api-tokens.read", "api.api-tokens.write"];
    let body = json!({"name": name, "expiry": in_a_year(), "permissions": permissions});
    let request = desk.node.request_as(secret, Method::POST, TOKENS);
    answered(request.json(&body).send().await.unwrap(), 201).await
}

#[tokio::test]
async fn everything_that_matters_works_without_a_mouse() {
    let desk = Desk::start();
    let browser = desk.open().await;
    browser.go("/console").await.unwrap();
    // The field for the secret waits for it.
    keys(&browser, desk.node.root.as_str()).await;
    keys(&browser, Key::Enter).await;
    arrive(&browser, "table.list").await;
    keys(&browser, Key::Tab).await;
    let first = browser
        .ask("return document.activeElement.textContent")
        .await
        .unwrap();
    assert_eq!(first, "Skip to the content");

    reach(
        &browser,
        "focus.matches('main a') && focus.textContent === 'New token'",
    )
    .await;
    keys(&browser, Key::Enter).await;
    arrive(&browser, "#name").await;
    reach(&browser, "focus.id === 'name'").await;
    keys(&browser, "By hand").await;
    reach(&browser, "focus.name === 'lifetime'").await;
    keys(&browser, Key::Down).await;
    reach(&browser, "focus.id === 'addresses'").await;
    keys(&browser, "127.0.0.1").await;
    reach(&browser, "focus.value === 'api.api-tokens.read'").await;
    keys(&browser, " ").await;
    reach(&browser, "focus.textContent === 'Make the token'").await;
    keys(&browser, Key::Enter).await;
    arrive(&browser, "#secret").await;
    let secret = browser.text("#secret").await.unwrap();
    assert_eq!(desk.status_of(&secret).await, 200);

    reach(
        &browser,
        "focus.textContent === 'To the token, without its secret'",
    )
    .await;
    keys(&browser, Key::Enter).await;
    arrive(&browser, ".timeline").await;
    reach(&browser, "focus.textContent === 'Edit'").await;
    keys(&browser, Key::Enter).await;
    arrive(&browser, "#name").await;
    reach(&browser, "focus.id === 'name'").await;
    keys(&browser, Key::End).await;
    keys(&browser, ", twice").await;
    reach(&browser, "focus.textContent === 'Review the changes'").await;
    keys(&browser, Key::Enter).await;
    arrive(&browser, "main > .changes").await;
    reach(&browser, "focus.textContent === 'Save the changes'").await;
    keys(&browser, Key::Enter).await;
    arrive(&browser, ".notice.good").await;
    browser.sees("By hand, twice").await.unwrap();
    leave(browser).await;
}

/// Waits for the page that has such an element.
async fn arrive(browser: &Browser, css: &str) {
    let there = format!("document.querySelector('{css}')");
    browser.until(&there).await.unwrap();
}

async fn keys(browser: &Browser, keys: impl Into<TypingData>) {
    browser
        .action_chain()
        .send_keys(keys)
        .perform()
        .await
        .unwrap();
}

/// Goes on with Tab until the focus is where it is meant to be. Wherever it rests on the way, that can be seen.
async fn reach(browser: &Browser, there: &str) {
    let look = format!(
        "const focus = document.activeElement; const style = getComputedStyle(focus);
         const seen = focus === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
            && focus.getBoundingClientRect().width > 0);
         return [Boolean({there}), seen, focus.outerHTML.slice(0, 200)]"
    );
    for _ in 0..250 {
        keys(browser, Key::Tab).await;
        let found = browser.ask(&look).await.unwrap();
        assert_eq!(
            found[1],
            true,
            "the focus cannot be seen on {}",
            text_of(&found[2])
        );
        if found[0] == true {
            return;
        }
    }
    panic!(
        "not to be reached: {there}\n{}",
        browser.words().await.unwrap()
    );
}

fn text_of(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
