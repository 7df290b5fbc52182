//! A private PostgreSQL, in a temporary folder.
//!
//! Tests must not depend on a server that somebody has set up, must not touch one that somebody
//! uses, and must be free to freeze and kill theirs. It leaves nothing behind.

mod binaries;
mod host;
mod programs;
mod standby;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::User;
use tempfile::TempDir;

pub(crate) use self::binaries::find_or_install;
pub use self::host::free_port;
use self::host::{random_hex, unprivileged};
use self::programs::run;
use crate::process::{Guarded, children, pid, poll};

const START_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// What the server does at a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Flushes to disk, as in production: for measurements, and tests that pull the plug.
    Full,
    /// Leaves the flush to the operating system: fast, and a killed server still loses nothing.
    Relaxed,
}

/// A running (or stopped) private server; dropping it stops the server and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    // Dropped before the folder, so that the server is gone when its files go.
    running: Option<Guarded>,
    frozen: Vec<u32>,
    folder: TempDir,
    programs: PathBuf,
    account: Option<User>,
    port: u16,
    password: String,
    durability: Durability,
}

impl Cluster {
    /// Creates a cluster and starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Fails if there are no server programs (the error says what to install), or if the server
    /// does not start within a minute (the error ends with its log).
    pub fn start(durability: Durability) -> Result<Self> {
        let programs = binaries::find_or_install()?;
        let account = unprivileged()?;
        let folder = tempfile::Builder::new()
            .prefix("countersign-pg-")
            .tempdir_in(parent(account.as_ref()))?;
        let mut cluster = Self {
            running: None,
            frozen: Vec::new(),
            folder,
            programs,
            account,
            port: free_port()?,
            password: random_hex()?,
            durability,
        };
        cluster.initialise()?;
        cluster.start_again()?;
        Ok(cluster)
    }

    /// The superuser's URL of a database. It has the password, so it must not be logged.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// The port that clients connect to; the same for the cluster's whole life.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates an empty database.
    ///
    /// # Errors
    /// Fails if the name is taken or the server does not answer.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.psql(
            "postgres",
            &[
                "-c",
                &format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\"")),
            ],
        )
    }

    /// Runs an SQL file in a database, all of it or nothing.
    ///
    /// # Errors
    /// Returns the server's message.
    pub fn run_file(&self, database: &str, file: &Path) -> Result<()> {
        // As an open file, because the server's account may not be able to reach the path.
        let mut psql = self.psql_command(database, &["-1", "-f", "-"]);
        psql.stdin(File::open(file).with_context(|| format!("cannot read {}", file.display()))?);
        run(psql).with_context(|| format!("{} does not apply", file.display()))
    }

    /// Stops the server as an administrator would: connections are ended, everything is written.
    ///
    /// # Errors
    /// Fails if it is not running, or still runs after 30 seconds.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Signal::SIGINT)
    }

    /// Stops the server abruptly, as a crash would; the next start recovers.
    ///
    /// # Errors
    /// Fails if it is not running, or still runs after 30 seconds.
    pub fn crash(&mut self) -> Result<()> {
        self.end(Signal::SIGQUIT)
    }

    /// Starts a stopped server on the same port and data.
    ///
    /// # Errors
    /// Fails if it is already running or does not start; see [`Cluster::start`].
    pub fn start_again(&mut self) -> Result<()> {
        ensure!(self.running.is_none(), "the cluster is running");
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data());
        for setting in self.settings() {
            postgres.arg("-c").arg(setting);
        }
        let log = File::options().create(true).append(true).open(self.log())?;
        postgres.stdout(log.try_clone()?).stderr(log);
        let mut server = Guarded::spawn(postgres, Some(self.folder.path()))?;
        let up = poll(START_LIMIT, || {
            Ok(match server.exited()? {
                Some(_) => Some(false),
                None => self.is_ready(server.pid()).then_some(true),
            })
        })?;
        if up != Some(true) {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            bail!("PostgreSQL did not start:\n{}", log.trim_end());
        }
        self.running = Some(server);
        Ok(())
    }

    /// Halts every process of the server: connections stay open and get no answer.
    ///
    /// # Errors
    /// Fails if it is not running.
    pub fn freeze(&mut self) -> Result<()> {
        let server = self.running.as_ref().context("the cluster is stopped")?;
        // The parent first, so that no child is started after the list is made.
        server.signal(Signal::SIGSTOP)?;
        self.frozen = children(server.pid())?;
        self.signal_children(Signal::SIGSTOP);
        Ok(())
    }

    /// Continues a frozen server.
    ///
    /// # Errors
    /// Fails if it is not running.
    pub fn thaw(&mut self) -> Result<()> {
        self.signal_children(Signal::SIGCONT);
        self.frozen.clear();
        self.running
            .as_ref()
            .context("the cluster is stopped")?
            .signal(Signal::SIGCONT)
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        if !self.frozen.is_empty() {
            self.thaw()?;
        }
        let server = self.running.as_mut().context("the cluster is stopped")?;
        server.signal(signal)?;
        let gone = server.wait_within(STOP_LIMIT)?;
        self.running = None;
        ensure!(gone.is_some(), "PostgreSQL ignored {signal} and was killed");
        Ok(())
    }

    fn signal_children(&self, signal: Signal) {
        for child in &self.frozen {
            // A process that has ended in the meantime does not matter.
            let _ = kill(pid(*child), signal);
        }
    }

    /// The server's lock file: its pid in the first line, its state in the eighth.
    fn is_ready(&self, server: u32) -> bool {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = lock.lines().map(str::trim).collect();
        lines.first() == Some(&server.to_string().as_str()) && lines.get(7) == Some(&"ready")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

/// The parent of a cluster's folder.
fn parent(account: Option<&User>) -> PathBuf {
    // A server under another account could not reach root's own temporary folder.
    if account.is_some() {
        PathBuf::from("/tmp")
    } else {
        std::env::temp_dir()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its files are about to be removed, so a crash is quick and good enough.
        if self.running.is_some() {
            let _ = self.crash();
        }
    }
}
