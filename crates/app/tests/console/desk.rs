//! A running service, and browsers with people in front of them.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use countersign_xtask::browser::{Browser, Chromium};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Node, On, TOKENS, answered, in_a_year};

/// The service and a browser's driver.
pub(crate) struct Desk {
    pub(crate) node: Node,
    chromium: Chromium,
}

impl Desk {
    /// On an empty database.
    pub(crate) fn start() -> Self {
        Self {
            node: Node::start(On::Sqlite),
            chromium: Chromium::start().unwrap(),
        }
    }

    /// A browser that knows nothing yet.
    pub(crate) async fn open(&self) -> Browser {
        let browser = self.chromium.open(&self.node.server.url()).await.unwrap();
        browser.size(1280, 800).await.unwrap();
        browser
    }

    /// A browser in which the holder of this secret has signed in.
    pub(crate) async fn signed_in(&self, secret: &str) -> Browser {
        let browser = self.open().await;
        browser.sign_in(secret).await.unwrap();
        browser.sees("Signed in as").await.unwrap();
        browser
    }

    /// The same with the root token, which may do everything.
    pub(crate) async fn root(&self) -> Browser {
        self.signed_in(&self.node.root).await
    }

    /// A token made over the API, with its secret.
    pub(crate) async fn token(&self, name: &str, permissions: &[&str]) -> Value {
        let body = json!({"name": name, "expiry": in_a_year(), "permissions": permissions});
        let made = self.node.request(Method::POST, TOKENS).json(&body).send();
        answered(made.await.unwrap(), 201).await
    }

    /// What a secret comes to over HTTP.
    pub(crate) async fn status_of(&self, secret: &str) -> u16 {
        let asked = self.node.request_as(secret, Method::GET, TOKENS).send();
        asked.await.unwrap().status().as_u16()
    }
}

/// A string in an answer.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// Closes a browser, which must not have complained of what its pages did.
pub(crate) async fn leave(browser: Browser) {
    let complaints = browser.complaints().await.unwrap();
    assert!(
        complaints.is_empty(),
        "the browser complains: {complaints:?}"
    );
    browser.leave().await.unwrap();
}

/// The one file that a browser has downloaded, or is about to.
pub(crate) async fn downloaded(browser: &Browser) -> PathBuf {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(file) = browser.downloads().unwrap().pop() {
            return file;
        }
        assert!(Instant::now() < end, "nothing was downloaded");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
