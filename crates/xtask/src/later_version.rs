//! A proxy that answers as a later version of the service might; see `clients/later_version.py`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::process::{Guarded, poll};
use crate::python;

/// The proxy while it runs; dropping it ends it.
#[derive(Debug)]
pub struct Proxy {
    // Dropped before the folder that it writes to.
    _process: Guarded,
    url: String,
    _folder: TempDir,
}

impl Proxy {
    /// Starts it in front of a service, with the script in `scripts`.
    ///
    /// # Errors
    /// Fails if it does not start within 10 seconds.
    pub fn start(scripts: &Path, service: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let announced = folder.path().join("url");
        let mut command = python()?;
        command
            .arg(scripts.join("later_version.py"))
            .arg(service)
            .arg(&announced);
        let mut process = Guarded::spawn(command, None)?;
        let url = poll(Duration::from_secs(10), || {
            ensure!(process.exited()?.is_none(), "the proxy ended at once");
            Ok(fs::read_to_string(&announced).ok())
        })?;
        Ok(Self {
            _process: process,
            url: url.context("the proxy did not start in time")?,
            _folder: folder,
        })
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
