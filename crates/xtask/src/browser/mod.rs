//! Chromium as a distribution ships it, driven through its own `WebDriver`: pages are judged as people get them.
//!
//! What a stylesheet, a policy of contents or a screen of 360 pixels makes of a page, no reading of its HTML tells.

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
/// Nothing that a page did not ask for, and no conversation with anybody but it.
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
    // Held by a pipe, the browser ends with its driver, however that ends.
    "--remote-debugging-pipe",
];

/// A running driver, out of which browsers are opened; dropping it ends them all and removes their folders.
#[derive(Debug)]
pub struct Chromium {
    // Dropped before the folder, so that nobody writes into it while it goes.
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
    /// Where browser or driver are missing and may not be installed: what to install. Where the driver does not listen
    /// within 20 seconds: its own words.
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
            // Settings, caches and crash reports go where everything goes that is removed.
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

    /// Opens a browser with a profile of its own, which knows nothing of the others, for a service at `base`:
    /// `http://` and its address, without a slash at the end.
    ///
    /// # Errors
    /// When it does not start; the message ends with the driver's words.
    pub async fn open(&self, base: &str) -> Result<Browser> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let profile = self.folder.path().join(format!("profile-{number}"));
        let downloads = self.folder.path().join(format!("downloads-{number}"));
        fs::create_dir_all(&downloads)?;
        let mut arguments: Vec<String> = SWITCHES.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        if geteuid().is_root() {
            // The sandbox wants an ordinary account, and what is shown here is our own.
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

    /// Where everything of it is, until it goes.
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
        // Outright, since nobody wants their profiles any more; left to hear of the driver's end, they would go on
        // writing them.
        for process in descendants(self.driver.pid()) {
            let _ = kill(pid(process), Signal::SIGKILL);
        }
        if self.driver.signal(Signal::SIGTERM).is_ok() {
            let _ = self.driver.wait_within(LIMIT);
        }
        // What is being killed may finish a file, and a folder with a new file does not go at the first try.
        let _ = poll(LIMIT, || {
            let _ = fs::remove_dir_all(self.folder.path());
            Ok((!self.folder.path().exists()).then_some(()))
        });
    }
}

/// The children of a process, theirs, and so on.
fn descendants(process: u32) -> Vec<u32> {
    let mut found = children(process).unwrap_or_default();
    let mut next = 0;
    while let Some(one) = found.get(next).copied() {
        found.extend(children(one).unwrap_or_default());
        next += 1;
    }
    found
}
