//! The page of the API's documentation, which a third-party library renders.

use crate::desk::{Desk, leave};

#[tokio::test]
async fn the_operations_can_be_read_in_a_browser() {
    let desk = Desk::start();
    let browser = desk.open().await;
    browser.go("/api/docs/").await.unwrap();
    let shown = "document.querySelectorAll('.opblock').length > 10";
    browser.until(shown).await.unwrap();
    browser.sees("/api/v1/api-tokens/{id}").await.unwrap();
    leave(browser).await;
}
