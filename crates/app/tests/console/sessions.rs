//! Sessions end on the server, not only in the browser; and guessing is slowed down.

use reqwest::{Method, header};

use crate::{
    common::TOKENS,
    desk::{Desk, leave, text},
    visitor::Visitor,
};

const READER: [&str; 1] = ["api.api-tokens.read"];

#[tokio::test]
async fn a_session_ends_with_the_sign_out_and_with_its_token() {
    let desk = Desk::start();
    let base = desk.node.server.url();
    let reader = desk.token("Reader", &READER).await;
    let browser = desk.signed_in(text(&reader, "token")).await;

    let cookies = browser.get_all_cookies().await.unwrap();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let mut thief = Visitor::new(&base).await;
    thief.cookie = format!("{}={}", cookies[0].name, cookies[0].value);
    assert_eq!(thief.get("/console").send().await.unwrap().status(), 200);
    browser.press("Sign out").await.unwrap();
    browser.one("#token").await.unwrap();
    let answer = thief.get("/console").send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let place = answer.headers()[header::LOCATION].to_str().unwrap();
    assert!(place.starts_with("/console/sign-in"), "{place}");

    // Signed in once more, and then its token goes.
    browser.sign_in(text(&reader, "token")).await.unwrap();
    browser.sees("Signed in as").await.unwrap();
    let path = format!("{TOKENS}/{}", text(&reader, "id"));
    let revoked = desk.node.request(Method::DELETE, &path).send();
    assert_eq!(revoked.await.unwrap().status(), 204);
    browser.go("/console").await.unwrap();
    browser.sees("Your session has ended.").await.unwrap();
    browser.sign_in(text(&reader, "token")).await.unwrap();
    browser
        .sees("not the secret of a token that works")
        .await
        .unwrap();
    leave(browser).await;
}

#[tokio::test]
async fn whoever_guesses_has_to_wait() {
    let desk = Desk::start();
    let visitor = Visitor::new(&desk.node.server.url()).await;
    for _ in 0..5 {
        assert_eq!(visitor.sign_in("csg_wrong").await.status(), 401);
    }
    for _ in 0..20 {
        let answer = visitor.sign_in("csg_wrong").await;
        assert_eq!(answer.status(), 429);
        let wait = answer.headers()[header::RETRY_AFTER].to_str().unwrap();
        assert!((1..=61).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    }
    // The right one is let in all the while, from the same address.
    let answer = visitor.sign_in(&desk.node.root).await;
    assert_eq!(answer.status(), 303);
    let log = desk.node.server.log().unwrap();
    assert!(!log.contains(&desk.node.root), "the log holds a secret");
}
