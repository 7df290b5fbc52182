//! The service's binary, started as an operator would start it.
//!
//! Tests that speak to the router in memory cannot see a lost acknowledgement, a secret in the
//! log or a process that ignores SIGTERM. This runs the real thing and collects all it prints.

mod startup_log;

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use self::startup_log::{is_ready, listening, root_token_file};
use crate::process::{Guarded, poll, remove_settings};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// What to start, and with which settings.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The `countersign` binary.
    pub binary: PathBuf,
    /// `sqlite:<path>` (a relative path is inside the server's own folder) or `postgres://…`.
    pub database_url: String,
    /// The port of 127.0.0.1; 0 lets the service choose. A test that restarts the service under
    /// load takes one from [`crate::cluster::free_port`], which no client's socket can occupy.
    pub port: u16,
    /// Further environment variables; `RUST_LOG` and `COUNTERSIGN_…` are not inherited.
    pub environment: Vec<(String, String)>,
}

impl Launch {
    /// The binary on this database, on a port that the service chooses.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>, database_url: impl Into<String>) -> Self {
        Self {
            binary: binary.into(),
            database_url: database_url.into(),
            port: 0,
            environment: Vec::new(),
        }
    }
}

/// A service that runs (or was stopped) in a temporary folder; dropping it kills the process and
/// removes the folder.
#[derive(Debug)]
pub struct Server {
    // Dropped before the folder, so that nobody writes into it while it goes.
    process: Option<Guarded>,
    launch: Launch,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Starts the binary and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it exits or is not ready within 30 seconds; the message ends with its log.
    pub fn start(launch: Launch) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-").tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, launch.port));
        let mut server = Self {
            process: None,
            launch,
            address,
            folder,
        };
        server.restart()?;
        Ok(server)
    }

    /// Starts a stopped service again: same address, database and settings.
    ///
    /// # Errors
    /// As [`Server::start`], and when it still runs.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the server is running");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let earlier = usize::try_from(log.metadata()?.len())?;
        let mut command = Command::new(&self.launch.binary);
        remove_settings(&mut command);
        command
            .env_remove("RUST_LOG")
            .current_dir(self.folder.path())
            .env("COUNTERSIGN_LISTEN", self.address.to_string())
            .env("COUNTERSIGN_DATABASE_URL", &self.launch.database_url)
            // Clients here act as one token and from one address, as fast as the service answers: limits that no honest
            // client meets would be all that is measured. What tries the limits sets its own.
            .env("COUNTERSIGN_CHANGES_PER_MINUTE", "0")
            .env("COUNTERSIGN_REFUSALS_PER_MINUTE", "0")
            .envs(self.launch.environment.iter().cloned())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut process = Guarded::spawn(command, Some(self.folder.path()))?;
        let address = poll(START_LIMIT, || {
            ensure!(process.exited()?.is_none(), "the server ended at once");
            let log = fs::read(self.log_path())?;
            let said = listening(&String::from_utf8_lossy(
                log.get(earlier..).unwrap_or_default(),
            ));
            Ok(said.filter(|address| is_ready(*address)))
        });
        match address {
            Ok(Some(address)) => self.address = address,
            Ok(None) => bail!("the server was not ready in time:\n{}", self.log()?),
            Err(error) => bail!("{error:#}:\n{}", self.log()?),
        }
        self.process = Some(process);
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and the address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The process id, for measurements.
    ///
    /// # Errors
    /// When it is stopped.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.running()?.pid())
    }

    /// The secret that the first start on an empty database left in a file.
    ///
    /// # Errors
    /// When there is no such file: the database was not empty.
    pub fn root_token(&self) -> Result<String> {
        let path = self
            .folder
            .path()
            .join(root_token_file(&self.launch.database_url));
        let secret =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(secret.trim().to_owned())
    }

    /// All that the service has printed, over all its starts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.log_path())?).into_owned())
    }

    /// The folder it runs in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// SIGKILL: no destructor runs, no answer is finished.
    ///
    /// # Errors
    /// When it is stopped already.
    pub fn kill(&mut self) -> Result<()> {
        self.running()?;
        // Dropping kills, and waits for the end.
        self.process = None;
        Ok(())
    }

    /// SIGTERM, and waits for the orderly end.
    ///
    /// # Errors
    /// When it is stopped already, or still runs after 30 seconds; then it is killed.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        let mut process = self.process.take().context("the server is stopped")?;
        process.signal(Signal::SIGTERM)?;
        process
            .wait_within(STOP_LIMIT)?
            .context("the server ignored SIGTERM")
    }

    /// Halts the process: connections stay open and nobody answers.
    ///
    /// # Errors
    /// When it is stopped.
    pub fn freeze(&self) -> Result<()> {
        self.running()?.freeze()
    }

    /// Lets a frozen process go on.
    ///
    /// # Errors
    /// When it is stopped.
    pub fn thaw(&self) -> Result<()> {
        self.running()?.signal(Signal::SIGCONT)
    }

    fn running(&self) -> Result<&Guarded> {
        self.process.as_ref().context("the server is stopped")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_that_ends_is_an_error_with_its_words() {
        let launch = Launch::new("/bin/sh", "sqlite:a.db");
        let error = Server::start(launch).unwrap_err().to_string();
        assert!(error.starts_with("the server ended at once"), "{error}");
    }
}
