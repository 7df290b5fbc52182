//! Chromium from a distribution, driven through its own `WebDriver`: pages are tested as people see
//! them.
//!
//! The effect of a stylesheet, a content policy or a screen of 360 pixels cannot be seen in the
//! HTML.

mod axe;
mod demo;
mod page;
mod programs;
mod session;
mod tour;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::geteuid;
use serde_json::json;
use tempfile::TempDir;
use thirtyfour::{Capabilities, WebDriver};

pub use self::axe::Findings;
pub use self::demo::Demo;
pub use self::session::{Browser, Scheme};
pub use self::tour::tour;
use crate::cluster::free_port;
use crate::process::{Guarded, children, pid, poll};

const LIMIT: Duration = Duration::from_secs(20);
/// Switches without anything that a page did not ask for, and without connections to others.
const SWITCHES: [&str; 11] = [
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    // Through a pipe the browser ends with its driver, in whatever way that ends.
    "--remote-debugging-pipe",
];

/// A running driver, which opens browsers; dropping it ends them all and removes their folders.
#[derive(Debug)]
pub struct Chromium {
    // Dropped before the folder, so that it does not write there while the folder is removed.
    driver: Guarded,
    address: SocketAddr,
    program: PathBuf,
    opened: AtomicU32,
    folder: TempDir,
}

impl Chromium {
    /// Starts the driver on a free port of 127.0.0.1, and waits until it listens.
    ///
    /// # Errors
    /// Fails if browser or driver are missing and may not be installed (the error says what to
    /// install), or if the driver does not listen within 20 seconds (the error has its output).
    pub fn start() -> Result<Self> {
        let programs = programs::find_or_install()?;
        let folder = tempfile::Builder::new()
            .prefix("countersign-chromium-")
            .tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let log = fs::File::create(folder.path().join("log"))?;
        let mut command = Command::new(programs.driver);
        command
            .arg(format!("--port={}", address.port()))
            .current_dir(folder.path())
            // Settings, caches and crash reports go to the folder that is removed.
            .env("HOME", folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .stdout(log.try_clone()?)
            .stderr(log);
        let driver = Guarded::spawn(command, Some(folder.path()))?;
        let mut chromium = Self {
            driver,
            address,
            program: programs.browser,
            opened: AtomicU32::new(0),
            folder,
        };
        let listens = poll(LIMIT, || {
            if chromium.driver.exited()?.is_some() {
                bail!("chromedriver ended at once:\n{}", chromium.log());
            }
            Ok(TcpStream::connect(address).ok())
        })?;
        ensure!(
            listens.is_some(),
            "chromedriver did not listen on {address} in time:\n{}",
            chromium.log()
        );
        Ok(chromium)
    }

    /// Opens a browser with a separate profile, for a service at `base`: `http://` and its address,
    /// without a slash at the end.
    ///
    /// # Errors
    /// Fails if it does not start; the error ends with the driver's message.
    pub async fn open(&self, base: &str) -> Result<Browser> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let profile = self.folder.path().join(format!("profile-{number}"));
        let downloads = self.folder.path().join(format!("downloads-{number}"));
        fs::create_dir_all(&downloads)?;
        let mut arguments: Vec<String> = SWITCHES.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        if geteuid().is_root() {
            // The sandbox needs an ordinary account, and all pages here are our own.
            arguments.push("--no-sandbox".to_owned());
        }
        let options = json!({
            "binary": self.program,
            "args": arguments,
            "prefs": {"download": {"default_directory": downloads, "prompt_for_download": false}},
        });
        let mut wanted = Capabilities::new();
        wanted.set("browserName", "chrome")?;
        wanted.set("goog:chromeOptions", options)?;
        wanted.set("goog:loggingPrefs", json!({"browser": "ALL"}))?;
        match WebDriver::new(format!("http://{}", self.address), wanted).await {
            Ok(driver) => Ok(Browser::new(driver, downloads, base.to_owned())),
            Err(error) => bail!("Chromium does not start: {error}\n{}", self.log()),
        }
    }

    /// The folder of all its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Killed, since nobody needs their profiles any more; after the driver's end they would go
        // on writing them.
        for process in descendants(self.driver.pid()) {
            let _ = kill(pid(process), Signal::SIGKILL);
        }
        if self.driver.signal(Signal::SIGTERM).is_ok() {
            let _ = self.driver.wait_within(LIMIT);
        }
        // A killed process may still finish a file, and a folder with a new file is not removed at
        // the first try.
        let _ = poll(LIMIT, || {
            let _ = fs::remove_dir_all(self.folder.path());
            Ok((!self.folder.path().exists()).then_some(()))
        });
    }
}

/// The descendants of a process.
fn descendants(process: u32) -> Vec<u32> {
    let mut found = children(process).unwrap_or_default();
    let mut next = 0;
    while let Some(one) = found.get(next).copied() {
        found.extend(children(one).unwrap_or_default());
        next += 1;
    }
    found
}
