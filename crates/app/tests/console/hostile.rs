//! Hostile names, and other sites' pages that try to act for our users.

use std::net::SocketAddr;

use countersign_xtask::browser::Browser;
use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::By;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    common::TOKENS,
    desk::{Desk, leave, text},
    visitor::form_token,
};

const NAMES: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)> {{7*7}} ${7*7}",
    "' onmouseover='alert(1)' &lt;b&gt;",
    "\u{5d8}\u{5d5}\u{5e7}\u{5df} <b>\u{627}\u{644}\u{639}\u{631}\u{628}\u{64a}\u{629}</b> 1 < 2",
];
/// Nothing of ours is written like this.
const FOREIGN: &str = "return document.querySelectorAll(
    'script:not([src]), main img, main b, [onerror], [onmouseover], [style], style').length";

#[tokio::test]
async fn a_hostile_name_is_text_everywhere() {
    let desk = Desk::start();
    let browser = desk.root().await;
    for name in NAMES {
        browser.go("/console/tokens/new").await.unwrap();
        browser.fill("#name", name).await.unwrap();
        browser
            .click("input[value='api.tasks.read']")
            .await
            .unwrap();
        browser.press("Make the token").await.unwrap();
        browser.one("#secret").await.unwrap();
        harmless(&browser, name).await;
        browser
            .press("To the token, without its secret")
            .await
            .unwrap();
        harmless(&browser, name).await;
        let page = browser.place().await.unwrap();
        for further in ["rotate", "revoke"] {
            browser.go(&format!("{page}/{further}")).await.unwrap();
            harmless(&browser, name).await;
        }
        browser.fill("#typed", "<i>another</i>").await.unwrap();
        browser.press("Revoke it").await.unwrap();
        harmless(&browser, name).await;
        browser.go(&format!("{page}/edit")).await.unwrap();
        assert_eq!(
            browser
                .ask("return document.querySelector('#name').value")
                .await
                .unwrap(),
            name
        );
        browser.fill("#name", &format!("{name} 2")).await.unwrap();
        browser.press("Review the changes").await.unwrap();
        harmless(&browser, name).await;
        browser.press("Save the changes").await.unwrap();
        harmless(&browser, name).await;
    }
    browser.go("/console").await.unwrap();
    for name in NAMES {
        harmless(&browser, name).await;
    }
    browser
        .go("/console?q=%3Cscript%3Ealert(1)%3C/script%3E&state=%22%3E%3Cb%3E&sort='")
        .await
        .unwrap();
    harmless(&browser, NAMES[0]).await;
    leave(browser).await;
}

async fn harmless(browser: &Browser, name: &str) {
    browser.sees(name).await.unwrap();
    assert_eq!(browser.ask(FOREIGN).await.unwrap(), 0, "{name}");
}

#[tokio::test]
async fn another_sites_page_can_neither_send_forms_nor_show_ours() {
    let desk = Desk::start();
    let token = desk.token("Target", &["api.tasks.read"]).await;
    let browser = desk.root().await;
    let form = form_token(&browser.source().await.unwrap());
    let ours = desk.node.server.url();
    let revoke = format!("/console/tokens/{}/revoke", text(&token, "id"));
    let hidden =
        |name: &str, value: &str| format!("<input type=hidden name='{name}' value='{value}'>");

    // With everything that it could have learned by other means, the form's own token included.
    for (action, fields) in [
        (revoke.as_str(), hidden("name", "Target")),
        ("/console/sign-out", String::new()),
    ] {
        let page = format!(
            "<form method=post action='{ours}{action}'>{}{fields}<button>Win</button></form>",
            hidden("form", &form),
        );
        let evil = serve(page).await;
        // A neighbour's port is the same site, and gets the cookie; another name is another site.
        for host in ["127.0.0.1", "localhost"] {
            browser
                .goto(format!("http://{host}:{}/", evil.port()))
                .await
                .unwrap();
            browser.click("button").await.unwrap();
            let there = "document.title.endsWith('Countersign')";
            browser.until(there).await.unwrap();
            browser.sees("sent by another site").await.unwrap();
        }
    }
    let kept = desk
        .node
        .request(Method::GET, &format!("{TOKENS}/{}", text(&token, "id")))
        .send();
    assert_eq!(kept.await.unwrap().status(), 200);
    browser.go("/console").await.unwrap();
    browser.sees("Signed in as").await.unwrap();
    assert_eq!(browser.complaints().await.unwrap(), [""; 0]);

    let evil = serve(format!("<iframe src='{ours}/console'></iframe>")).await;
    browser
        .goto(format!("http://127.0.0.1:{}/", evil.port()))
        .await
        .unwrap();
    let said = browser.complaints().await.unwrap();
    assert!(
        said.iter().any(|line| line.contains("frame-ancestors")),
        "{said:?}"
    );
    browser
        .find(By::Css("iframe"))
        .await
        .unwrap()
        .enter_frame()
        .await
        .unwrap();
    let framed = browser.words().await.unwrap();
    assert!(!framed.contains("Target"), "{framed}");
    browser.leave().await.unwrap();
    let left: Value = desk.node.get(text(&token, "id")).await;
    assert_eq!(left["version"], json!(1));
}

/// A page on a port of its own, for as long as the test runs.
async fn serve(page: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                // A browser opens connections that it never uses.
                if stream.read(&mut head).await.is_ok_and(|length| length > 0) {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    address
}
