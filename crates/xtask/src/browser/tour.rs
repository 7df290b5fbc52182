//! A tour of all pages of the console, in the order in which a person meets them who creates a
//! token, edits one, merges another person's edit, and revokes one. Checks and screenshots look at
//! each page in turn.

use anyhow::Result;
use serde_json::json;

use super::Browser;
use super::demo::Demo;

/// The text for the field of addresses.
const ADDRESSES: &str = "192.0.2.128/25\n2001:db8:90::/48";

/// Walks through all pages; `look` is called on each with its name.
///
/// # Errors
/// Fails if a page is not as expected, or `look` fails.
pub async fn tour(
    browser: &Browser,
    demo: &Demo,
    mut look: impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    browser.go("/console").await?;
    look("sign-in").await?;
    browser.sign_in("csg_that-was-not-copied-whole").await?;
    browser.one("#token-fault").await?;
    look("sign-in-refused").await?;
    browser.sign_in(&demo.root).await?;
    browser.sees("Data warehouse loader").await?;
    look("tokens").await?;
    browser.go("/console?q=no+token+has+this+name").await?;
    look("tokens-none").await?;
    making(browser, &mut look).await?;
    changing(browser, demo, &mut look).await?;
    ending(browser, demo, &mut look).await?;
    browser.go("/console/nowhere").await?;
    browser.sees("Nothing here").await?;
    look("nothing-here").await
}

async fn making(browser: &Browser, look: &mut impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
    browser.go("/console/tokens/new").await?;
    browser.fill("#addresses", "10.0.0.1/8").await?;
    browser.press("Make the token").await?;
    browser.sees("Nothing was stored.").await?;
    look("new-refused").await?;
    browser.go("/console/tokens/new").await?;
    browser.fill("#name", "Quarterly archive").await?;
    browser.click("input[name=lifetime][value='365']").await?;
    for permission in [
        "api.engagements.read",
        "api.file-infos.read",
        "api.file-manager.read",
    ] {
        let tick = format!("input[name=permissions][value='{permission}']");
        browser.click(&tick).await?;
    }
    browser.fill("#addresses", ADDRESSES).await?;
    let judged = "document.querySelector('#address-check').textContent.includes('2 entries')";
    browser.until(judged).await?;
    browser
        .ask("document.activeElement.blur(); scrollTo(0, 0)")
        .await?;
    look("new").await?;
    browser.press("Make the token").await?;
    browser.one("#secret").await?;
    look("secret").await
}

async fn changing(
    browser: &Browser,
    demo: &Demo,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    let page = format!("/console/tokens/{}", demo.edited);
    browser.go(&page).await?;
    browser.sees("Chain verified").await?;
    look("token").await?;
    browser.press("Edit").await?;
    look("edit").await?;
    browser
        .fill("#name", "Nightly export to the archive")
        .await?;
    browser.click("input[value='api.tasks.write']").await?;
    browser
        .click("input[value='api.file-manager.write']")
        .await?;
    browser.fill("#addresses", ADDRESSES).await?;
    browser.press("Review the changes").await?;
    browser.sees("Nothing is stored yet").await?;
    look("review").await?;
    let permissions = [
        "api.engagements.read",
        "api.tasks.read",
        "api.tasks.write",
        "api.users.read",
    ];
    let other = json!({"version": 4, "name": "Export, every night", "permissions": permissions});
    demo.edit(&other).await?;
    browser.press("Save the changes").await?;
    browser
        .sees("Somebody else changed this token meanwhile")
        .await?;
    look("three-way").await?;

    // The signed-in token itself, from an address that is not its own.
    browser.go("/console?q=Root").await?;
    browser.press("Root").await?;
    browser.press("Edit").await?;
    browser.fill("#addresses", "192.0.2.1").await?;
    browser.press("Review the changes").await?;
    browser.one("input[name=lockout]").await?;
    look("edit-refused").await
}

async fn ending(
    browser: &Browser,
    demo: &Demo,
    look: &mut impl AsyncFnMut(&str) -> Result<()>,
) -> Result<()> {
    browser
        .go(&format!("/console/tokens/{}/rotate", demo.edited))
        .await?;
    look("rotate").await?;
    browser.press("Make a new secret").await?;
    browser.one("#secret").await?;
    look("rotated").await?;
    let page = format!("/console/tokens/{}", demo.doomed);
    browser.go(&format!("{page}/revoke")).await?;
    look("revoke").await?;
    browser.fill("#typed", "Window").await?;
    browser.press("Revoke it").await?;
    browser.sees("Nothing was revoked.").await?;
    look("revoke-refused").await?;
    browser.go(&format!("{page}/descendants")).await?;
    browser.sees("1 live token").await?;
    look("descendants").await?;
    browser.go(&format!("{page}/revoke")).await?;
    browser.fill("#typed", "Window on the library").await?;
    browser.submit("Revoke it").await?;
    browser.go(&page).await?;
    browser.sees("Revoked by").await?;
    look("revoked").await?;
    browser.go("/console?state=revoked").await?;
    browser.sees("Window on the library").await?;
    look("tokens-revoked").await?;
    browser.go("/console/history").await?;
    browser.sees("Window on the library").await?;
    look("history").await
}
