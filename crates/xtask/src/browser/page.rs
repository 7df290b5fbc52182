//! Actions of people on a page. If one is not possible, the error has the text of the page.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use thirtyfour::{By, WebElement};

use super::Browser;

/// Longer than any page takes.
const PATIENCE: Duration = Duration::from_secs(15);
/// For content that is there as soon as the page is.
const SOON: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(20);

impl Browser {
    /// Opens a page of the service.
    ///
    /// # Errors
    /// Fails if the browser cannot load it.
    pub async fn go(&self, path: &str) -> Result<()> {
        Ok(self.goto(format!("{}{path}", self.base())).await?)
    }

    /// Path and query of the current page; the whole address if it is not the service's.
    ///
    /// # Errors
    /// Fails if the browser does not answer.
    pub async fn place(&self) -> Result<String> {
        let url = self.current_url().await?;
        let url = url.as_str();
        Ok(url.strip_prefix(self.base()).unwrap_or(url).to_owned())
    }

    /// The whole text of the page.
    ///
    /// # Errors
    /// Fails without a page.
    pub async fn words(&self) -> Result<String> {
        Ok(self.find(By::Tag("body")).await?.text().await?)
    }

    /// Asserts that the page shows this text.
    ///
    /// # Errors
    /// Fails with the page's text if it does not.
    pub async fn sees(&self, words: &str) -> Result<()> {
        let look = async || {
            let shown = self.words().await?;
            ensure!(shown.contains(words), "not shown: {words}\nbut:\n{shown}");
            Ok(())
        };
        soon(look).await
    }

    /// The first element that a CSS selector matches.
    ///
    /// # Errors
    /// Fails if there is none.
    pub async fn one(&self, css: &str) -> Result<WebElement> {
        let look = async || match self.find(By::Css(css)).await {
            Ok(found) => Ok(found),
            Err(_) => bail!("no {css} on this page:\n{}", self.words().await?),
        };
        soon(look).await
    }

    /// The text of that element.
    ///
    /// # Errors
    /// Fails if there is none.
    pub async fn text(&self, css: &str) -> Result<String> {
        Ok(self.one(css).await?.text().await?)
    }

    /// Writes a text to a field, in place of its content.
    ///
    /// # Errors
    /// Fails if there is no such field, or it cannot be reached.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.one(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Clicks that element.
    ///
    /// # Errors
    /// Fails if there is none, or another element covers it.
    pub async fn click(&self, css: &str) -> Result<()> {
        let element = self.one(css).await?;
        let clicked = element.click().await;
        clicked.with_context(|| format!("{css} cannot be clicked"))
    }

    /// Clicks the link or button with this text: in the page's main part, or else in its head.
    ///
    /// # Errors
    /// Fails if there is none.
    pub async fn press(&self, words: &str) -> Result<()> {
        let look = async || {
            for part in ["main", "body"] {
                let path =
                    format!("//{part}//*[self::a or self::button][normalize-space()='{words}']");
                if let Ok(found) = self.find(By::XPath(path)).await {
                    return Ok(found.click().await?);
                }
            }
            bail!("nothing says {words}:\n{}", self.words().await?)
        };
        soon(look).await
    }

    /// Waits for a result of the page's script.
    ///
    /// # Errors
    /// Fails if the condition does not hold within 15 seconds.
    pub async fn until(&self, condition: &str) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        let script = format!("return Boolean({condition})");
        while !self.ask(&script).await.is_ok_and(|so| so == true) {
            if Instant::now() > end {
                bail!("still not: {condition}\n{}", self.words().await?);
            }
            tokio::time::sleep(TICK).await;
        }
        Ok(())
    }

    /// Presses the button of a form, and waits for the answer's page: a form that a busy browser has
    /// not sent yet would meet the page that the test goes to next.
    ///
    /// # Errors
    /// Fails if there is no such button, or no answer.
    pub async fn submit(&self, words: &str) -> Result<()> {
        let page = self.one("body").await?;
        self.press(words).await?;
        let left = async || {
            ensure!(!page.is_present().await?, "{words} is not answered");
            Ok(())
        };
        soon(left).await
    }

    /// Signs in to the console, and waits for the answer.
    ///
    /// # Errors
    /// Fails on another page, or without an answer.
    pub async fn sign_in(&self, secret: &str) -> Result<()> {
        self.go("/console/sign-in").await?;
        self.fill("#token", secret).await?;
        self.submit("Sign in").await
    }
}

/// Looks until there is a result: a page may be loading, and elements of the previous one are gone
/// then.
async fn soon<T>(look: impl AsyncFn() -> Result<T>) -> Result<T> {
    let end = Instant::now() + SOON;
    loop {
        match look().await {
            Err(_) if Instant::now() < end => tokio::time::sleep(TICK).await,
            found => return found,
        }
    }
}
