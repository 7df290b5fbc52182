//! Refusals by the rules, shown beside their fields.

use reqwest::Method;
use serde_json::json;

use crate::{
    common::TOKENS,
    desk::{Desk, leave, text},
};

const WRITER: [&str; 2] = ["api.api-tokens.read", "api.api-tokens.write"];

#[tokio::test]
async fn a_refused_widening_names_the_missing_permission_beside_the_field() {
    let desk = Desk::start();
    let strong = desk.token("Strong", &["api.tasks.read"]).await;
    let writer = desk.token("Writer", &WRITER).await;
    let browser = desk.signed_in(text(&writer, "token")).await;

    browser
        .go(&format!("/console/tokens/{}/edit", text(&strong, "id")))
        .await
        .unwrap();
    let not_held = browser.one("input[value='api.tasks.write']").await.unwrap();
    assert!(!not_held.is_enabled().await.unwrap());
    let told = not_held.attr("aria-describedby").await.unwrap().unwrap();
    let reason = browser.text(&format!("#{told}")).await.unwrap();
    assert!(reason.contains("does not hold"), "{reason}");

    // Later by a year than it was made for.
    browser
        .click("input[name=lifetime][value=date]")
        .await
        .unwrap();
    let later = "const late = new Date(Date.now() + 500 * 864e5).toISOString().slice(0, 16);
        document.querySelector('#own-date').value = late;";
    browser.ask(later).await.unwrap();
    browser.press("Review the changes").await.unwrap();
    browser.sees("Nothing was stored.").await.unwrap();
    let fault = browser.text("#expiry-fault").await.unwrap();
    assert!(fault.contains("api.tasks.read"), "{fault}");

    // And by force, what the page does not let anybody tick.
    let force = "const tick = document.querySelector(\"input[value='api.tasks.write']\");
        tick.disabled = false; tick.checked = true;";
    browser.ask(force).await.unwrap();
    browser.press("Review the changes").await.unwrap();
    browser
        .until("document.querySelector('#permissions-fault')")
        .await
        .unwrap();
    let fault = browser.text("#permissions-fault").await.unwrap();
    assert!(fault.contains("api.tasks.write: "), "{fault}");
    assert!(!fault.contains("api.tasks.read: "), "{fault}");
    assert_eq!(desk.node.get(text(&strong, "id")).await["version"], 1);
    leave(browser).await;
}

#[tokio::test]
async fn all_faults_are_told_at_once_and_nobody_locks_themselves_out_unasked() {
    let desk = Desk::start();
    let writer = desk.token("Writer", &WRITER).await;
    let (id, secret) = (text(&writer, "id"), text(&writer, "token"));
    let browser = desk.signed_in(secret).await;

    browser.go("/console/tokens/new").await.unwrap();
    browser.fill("#name", " ").await.unwrap();
    browser.fill("#addresses", "10.0.0.1/8").await.unwrap();
    browser.press("Make the token").await.unwrap();
    for (field, words) in [
        ("name", ""),
        ("addresses", "10.0.0.0/8"),
        ("permissions", ""),
    ] {
        let fault = browser.text(&format!("#{field}-fault")).await.unwrap();
        assert!(fault.contains(words), "{fault}");
    }
    let tokens = desk.node.request(Method::GET, TOKENS).send().await.unwrap();
    let tokens: serde_json::Value = tokens.json().await.unwrap();
    assert_eq!(tokens["content"].as_array().unwrap().len(), 2);

    // Its own addresses without its own address.
    browser
        .go(&format!("/console/tokens/{id}/edit"))
        .await
        .unwrap();
    browser.fill("#addresses", "192.0.2.1").await.unwrap();
    browser.press("Review the changes").await.unwrap();
    let fault = browser.text("#addresses-fault").await.unwrap();
    assert!(
        fault.contains("127.0.0.1") && fault.contains("locked out"),
        "{fault}"
    );
    assert_eq!(desk.node.get(id).await["allowedAddresses"], json!([]));
    browser.click("input[name=lockout]").await.unwrap();
    browser.press("Review the changes").await.unwrap();
    browser.press("Save the changes").await.unwrap();
    browser
        .sees("may not be used from your address")
        .await
        .unwrap();
    assert_eq!(
        desk.node.get(id).await["allowedAddresses"],
        json!(["192.0.2.1"])
    );
    browser.go("/console").await.unwrap();
    assert!(
        browser
            .place()
            .await
            .unwrap()
            .starts_with("/console/sign-in")
    );
    leave(browser).await;
}
