//! One browser: `WebDriver` as it is, and what a person's surroundings add to it. How wide the screen is, whether it is
//! dark, whether scripts run, what was downloaded, what the page complained of.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use thirtyfour::WebDriver;

/// Which colours the person prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark letters on a light ground.
    Light,
    /// The other way round.
    Dark,
}

impl Scheme {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    /// As `prefers-color-scheme` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// An open browser with a profile of its own. It is to be [left](Self::leave); dropped, it stays open until its
/// [`Chromium`](super::Chromium) goes.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    downloads: PathBuf,
    base: String,
}

impl Deref for Browser {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        &self.driver
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its own way to go would stop the thread of a failing test until it has spoken to the driver, two minutes at
        // worst.
        let _ = self.driver.clone().leak();
    }
}

impl Browser {
    pub(super) fn new(driver: WebDriver, downloads: PathBuf, base: String) -> Self {
        Self {
            driver,
            downloads,
            base,
        }
    }

    /// Where the service is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Lets the page believe in a screen of this size, in CSS pixels; headless windows themselves do not get narrow.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn size(&self, width: u32, height: u32) -> Result<()> {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tell("Emulation.setDeviceMetricsOverride", size).await
    }

    /// Prefers these colours from now on.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn scheme(&self, scheme: Scheme) -> Result<()> {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme.name()}]);
        let media = json!({"media": "screen", "features": features});
        self.tell("Emulation.setEmulatedMedia", media).await
    }

    /// Shows no bars to scroll by, which differ from system to system.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn hide_scrollbars(&self) -> Result<()> {
        self.tell("Emulation.setScrollbarsHidden", json!({"hidden": true}))
            .await
    }

    /// Whether pages that are loaded from now on run their scripts.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn scripts(&self, run: bool) -> Result<()> {
        self.tell(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": !run}),
        )
        .await
    }

    /// Lets pages of the service write to the clipboard, and us read it.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn allow_clipboard(&self) -> Result<()> {
        let permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        let grant = json!({"origin": self.base, "permissions": permissions});
        self.tell("Browser.grantPermissions", grant).await
    }

    /// The text on the clipboard.
    ///
    /// # Errors
    /// When the page may not read it: see [`Self::allow_clipboard`].
    pub async fn clipboard(&self) -> Result<String> {
        let read = "const done = arguments[0]; \
                    navigator.clipboard.readText().then(done, (error) => done({refused: String(error)}));";
        let text = self.execute_async(read, Vec::new()).await?;
        let text = text.json();
        text.as_str()
            .map(str::to_owned)
            .with_context(|| format!("the clipboard cannot be read: {text}"))
    }

    /// What a script answers, run as the body of a function in the page and outside of the page's policy.
    ///
    /// # Errors
    /// When the script throws.
    pub async fn ask(&self, script: &str) -> Result<Value> {
        Ok(self.execute(script, Vec::new()).await?.json().clone())
    }

    /// All that the browser has complained of since it was last asked: of the page's policy, and of its scripts. That
    /// an answer was none of success is no complaint.
    ///
    /// # Errors
    /// When the browser does not tell.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.browser_log().await?;
        let grave = entries
            .into_iter()
            .filter(|entry| entry.source.as_deref() != Some("network"));
        Ok(grave.map(|entry| entry.message).collect())
    }

    /// The finished downloads, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn downloads(&self) -> Result<Vec<PathBuf>> {
        let unfinished = |path: &Path| path.extension().is_some_and(|end| end == "crdownload");
        let mut files: Vec<PathBuf> = fs::read_dir(&self.downloads)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.retain(|path| !unfinished(path));
        files.sort();
        Ok(files)
    }

    /// Closes it.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn leave(self) -> Result<()> {
        Ok(self.driver.clone().quit().await?)
    }

    async fn tell(&self, command: &str, arguments: Value) -> Result<()> {
        let told = self.driver.cdp().send_raw(command, arguments).await;
        told.with_context(|| format!("the browser refuses {command}"))?;
        Ok(())
    }
}
