//! One browser, and the surroundings of its user: the width of the screen, dark or light colours,
//! scripts, downloads, and the errors of the page.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use thirtyfour::WebDriver;

/// The colours that the user prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on a light background.
    Light,
    /// Light text on a dark background.
    Dark,
}

impl Scheme {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    /// The name in `prefers-color-scheme`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// An open browser with a separate profile. Close it with [`leave`](Self::leave); if it is dropped,
/// it stays open until its [`Chromium`](super::Chromium) ends.
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
        // Its own `drop` would stop the thread of a failing test until it has talked to the driver,
        // two minutes at worst.
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

    /// The address of the service.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Emulates a screen of this size, in CSS pixels; headless windows themselves do not get
    /// narrow.
    ///
    /// # Errors
    /// Fails if the browser refuses.
    pub async fn size(&self, width: u32, height: u32) -> Result<()> {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tell("Emulation.setDeviceMetricsOverride", size).await
    }

    /// Prefers these colours from now on.
    ///
    /// # Errors
    /// Fails if the browser refuses.
    pub async fn scheme(&self, scheme: Scheme) -> Result<()> {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme.name()}]);
        let media = json!({"media": "screen", "features": features});
        self.tell("Emulation.setEmulatedMedia", media).await
    }

    /// Hides scroll bars, which differ from system to system.
    ///
    /// # Errors
    /// Fails if the browser refuses.
    pub async fn hide_scrollbars(&self) -> Result<()> {
        self.tell("Emulation.setScrollbarsHidden", json!({"hidden": true}))
            .await
    }

    /// Sets whether pages that are loaded from now on run their scripts.
    ///
    /// # Errors
    /// Fails if the browser refuses.
    pub async fn scripts(&self, run: bool) -> Result<()> {
        self.tell(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": !run}),
        )
        .await
    }

    /// Lets pages of the service write to the clipboard, and tests read it.
    ///
    /// # Errors
    /// Fails if the browser refuses.
    pub async fn allow_clipboard(&self) -> Result<()> {
        let permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        let grant = json!({"origin": self.base, "permissions": permissions});
        self.tell("Browser.grantPermissions", grant).await
    }

    /// The text on the clipboard.
    ///
    /// # Errors
    /// Fails if the page may not read it: see [`Self::allow_clipboard`].
    pub async fn clipboard(&self) -> Result<String> {
        let read = "const done = arguments[0]; \
                    navigator.clipboard.readText().then(done, (error) => done({refused: String(error)}));";
        let text = self.execute_async(read, Vec::new()).await?;
        let text = text.json();
        text.as_str()
            .map(str::to_owned)
            .with_context(|| format!("the clipboard cannot be read: {text}"))
    }

    /// The result of a script, run as the body of a function in the page and outside the page's
    /// policy.
    ///
    /// # Errors
    /// Fails if the script throws.
    pub async fn ask(&self, script: &str) -> Result<Value> {
        Ok(self.execute(script, Vec::new()).await?.json().clone())
    }

    /// The browser's complaints since the previous call: about the page's policy, and about its
    /// scripts. An answer without success is not a complaint.
    ///
    /// # Errors
    /// Fails if the browser does not answer.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.browser_log().await?;
        let grave = entries
            .into_iter()
            .filter(|entry| entry.source.as_deref() != Some("network"));
        Ok(grave.map(|entry| entry.message).collect())
    }

    /// The finished downloads, by name. A file that is still empty is not finished: its name comes
    /// before its content.
    ///
    /// # Errors
    /// Fails if the folder cannot be read.
    pub fn downloads(&self) -> Result<Vec<PathBuf>> {
        let unfinished = |path: &Path| {
            path.extension().is_some_and(|end| end == "crdownload")
                || path.metadata().is_ok_and(|file| file.len() == 0)
        };
        let mut files: Vec<PathBuf> = fs::read_dir(&self.downloads)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.retain(|path| !unfinished(path));
        files.sort();
        Ok(files)
    }

    /// Closes the browser.
    ///
    /// # Errors
    /// Fails if the driver does not answer.
    pub async fn leave(self) -> Result<()> {
        Ok(self.driver.clone().quit().await?)
    }

    async fn tell(&self, command: &str, arguments: Value) -> Result<()> {
        let told = self.driver.cdp().send_raw(command, arguments).await;
        told.with_context(|| format!("the browser refuses {command}"))?;
        Ok(())
    }
}
