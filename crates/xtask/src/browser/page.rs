//! What people do with a page, in their words. What cannot be done says what the page showed instead.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use thirtyfour::{By, WebElement};

use super::Browser;

/// Longer than any page takes.
const PATIENCE: Duration = Duration::from_secs(15);
/// For what is there as soon as the page is.
const SOON: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(20);

impl Browser {
    /// Opens a page of the service.
    ///
    /// # Errors
    /// When the browser cannot load it.
    pub async fn go(&self, path: &str) -> Result<()> {
        Ok(self.goto(format!("{}{path}", self.base())).await?)
    }

    /// Path and query of the page that is shown; the whole address where it is not the service's.
    ///
    /// # Errors
    /// When the browser does not tell.
    pub async fn place(&self) -> Result<String> {
        let url = self.current_url().await?;
        let url = url.as_str();
        Ok(url.strip_prefix(self.base()).unwrap_or(url).to_owned())
    }

    /// All words that the page shows.
    ///
    /// # Errors
    /// When there is no page.
    pub async fn words(&self) -> Result<String> {
        Ok(self.find(By::Tag("body")).await?.text().await?)
    }

    /// Sees that the page shows these words.
    ///
    /// # Errors
    /// When it does not; with those that it shows.
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
    /// When there is none.
    pub async fn one(&self, css: &str) -> Result<WebElement> {
        let look = async || match self.find(By::Css(css)).await {
            Ok(found) => Ok(found),
            Err(_) => bail!("no {css} on this page:\n{}", self.words().await?),
        };
        soon(look).await
    }

    /// The words of that element.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self, css: &str) -> Result<String> {
        Ok(self.one(css).await?.text().await?)
    }

    /// Writes into a field, in place of what it holds.
    ///
    /// # Errors
    /// When there is no such field, or it cannot be reached.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.one(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Clicks that element.
    ///
    /// # Errors
    /// When there is none, or something lies above it.
    pub async fn click(&self, css: &str) -> Result<()> {
        let element = self.one(css).await?;
        let clicked = element.click().await;
        clicked.with_context(|| format!("{css} cannot be clicked"))
    }

    /// Clicks the link or button that says so: in the page's main part, or else in its head.
    ///
    /// # Errors
    /// When there is none.
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

    /// Waits for what a script of the page brings about.
    ///
    /// # Errors
    /// When it is not so within 15 seconds.
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

    /// Signs in to the console.
    ///
    /// # Errors
    /// When the page is another one.
    pub async fn sign_in(&self, secret: &str) -> Result<()> {
        self.go("/console/sign-in").await?;
        self.fill("#token", secret).await?;
        self.press("Sign in").await
    }
}

/// Looks until there is what is looked for: a page may be on its way, and what was found on the one before is gone then.
async fn soon<T>(look: impl AsyncFn() -> Result<T>) -> Result<T> {
    let end = Instant::now() + SOON;
    loop {
        match look().await {
            Err(_) if Instant::now() < end => tokio::time::sleep(TICK).await,
            found => return found,
        }
    }
}
