//! Two people edit one token. No edit is lost, and nobody overwrites a change that they have not
//! seen.

use countersign_xtask::browser::Browser;
use serde_json::{Value, json};

use crate::desk::{Desk, leave, text};

const MEANWHILE: &str = "Somebody else changed this token meanwhile";

#[tokio::test]
async fn two_people_who_edit_at_once_put_both_edits_together() {
    let desk = Desk::start();
    let holds = ["api.filters.read", "api.tasks.read"];
    let token = desk.token("Sync", &holds).await;
    let id = text(&token, "id");
    let (slow, quick) = (desk.root().await, desk.root().await);

    // Both begin from version 1; one is quicker.
    let edit = format!("/console/tokens/{id}/edit");
    slow.go(&edit).await.unwrap();
    quick.go(&edit).await.unwrap();
    quick.fill("#name", "Sync, quickly").await.unwrap();
    quick
        .click("input[value='api.webhooks.read']")
        .await
        .unwrap();
    save(&quick).await;
    slow.fill("#name", "Sync, slowly").await.unwrap();
    slow.click("input[value='api.tasks.read']").await.unwrap();
    slow.fill("#addresses", "192.0.2.0/24").await.unwrap();
    slow.press("Review the changes").await.unwrap();
    slow.sees(MEANWHILE).await.unwrap();
    let stored = desk.node.get(id).await;
    assert_eq!(
        (&stored["version"], &stored["name"]),
        (&json!(2), &json!("Sync, quickly"))
    );

    // What only one of them touched is proposed, what both touched is asked.
    slow.sees("Both of you changed it: choose.").await.unwrap();
    assert_eq!(ticked(&slow, "name").await, json!([]));
    let proposed = json!(["api.webhooks.read", "api.filters.read"]);
    assert_eq!(ticked(&slow, "permissions").await, proposed);
    assert_eq!(ticked(&slow, "addresses").await, json!(["192.0.2.0/24"]));
    slow.click("input[name=name][value='Sync, slowly']")
        .await
        .unwrap();
    slow.press("Review the result").await.unwrap();
    slow.sees("Sync, slowly").await.unwrap();

    // The quick one is quicker once more, while the slow one looks at the review: still nothing is overwritten.
    quick.go(&edit).await.unwrap();
    quick.fill("#name", "Sync for good").await.unwrap();
    save(&quick).await;
    slow.press("Save the changes").await.unwrap();
    slow.sees(MEANWHILE).await.unwrap();
    assert_eq!(desk.node.get(id).await["version"], 3);
    slow.click("input[name=name][value='Sync for good']")
        .await
        .unwrap();
    slow.press("Review the result").await.unwrap();
    slow.press("Save the changes").await.unwrap();
    slow.sees("The changes are saved.").await.unwrap();

    let stored = desk.node.get(id).await;
    assert_eq!(stored["version"], 4);
    assert_eq!(stored["name"], "Sync for good");
    let both = json!(["api.filters.read", "api.webhooks.read"]);
    assert_eq!(stored["permissions"], both);
    assert_eq!(stored["allowedAddresses"], json!(["192.0.2.0/24"]));
    leave(slow).await;
    leave(quick).await;
}

async fn save(browser: &Browser) {
    browser.press("Review the changes").await.unwrap();
    browser.press("Save the changes").await.unwrap();
    browser.sees("The changes are saved.").await.unwrap();
}

/// The values of a field that are chosen, or come along unseen.
async fn ticked(browser: &Browser, field: &str) -> Value {
    let chosen = format!("input[name={field}]:is(:checked, [type=hidden])");
    let script =
        format!("return [...document.querySelectorAll('{chosen}')].map((one) => one.value)");
    browser.ask(&script).await.unwrap()
}
