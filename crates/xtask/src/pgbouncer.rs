//! PgBouncer from a distribution, in front of a test server: the service's behaviour behind a
//! pooler can only be tested behind one. It is installed if that is possible here; otherwise the
//! error says what to install.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use nix::unistd::geteuid;
use tempfile::TempDir;

use crate::cluster::free_port;
use crate::prerequisites::{ensure_installed, program};
use crate::process::{Guarded, poll};

const PROGRAM: &str = "pgbouncer";
/// Distributions keep it off the search path of users other than root.
const USUAL: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
const LIMIT: Duration = Duration::from_secs(10);
/// The first version with support for prepared statements.
const KNOWS_STATEMENTS: (u32, u32) = (1, 21);

/// How long a client keeps a connection to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Until the client disconnects.
    Session,
    /// Until the transaction ends.
    Transaction,
}

/// A running PgBouncer; dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct PgBouncer {
    // Dropped before the folder, so that it does not write there while the folder is removed.
    _process: Guarded,
    port: u16,
    version: (u32, u32),
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts it in front of the server of the URL, `postgres://user:password@host:port/…`, and
    /// waits until it listens.
    ///
    /// # Errors
    /// Fails if there is none and none may be installed (the error says what to install), or if it
    /// does not listen within 10 seconds (the error has its log).
    pub fn start(server: &str, mode: Mode) -> Result<Self> {
        let program = ensure_installed(
            || program(PROGRAM, &USUAL),
            &["pgbouncer"],
            "no PgBouncer found. Install it (Debian, Ubuntu: `sudo apt-get install pgbouncer`; \
             Fedora: `sudo dnf install pgbouncer`; macOS: `brew install pgbouncer`)",
        )?;
        let version = version(&program)?;
        let (port, folder) = (free_port()?, tempfile::tempdir()?);
        let settings = settings(server, mode, version, port)?;
        fs::write(folder.path().join("pgbouncer.ini"), settings)?;
        let log = folder.path().join("log");
        let mut command = Command::new(program);
        command
            .arg("pgbouncer.ini")
            .current_dir(folder.path())
            .stdout(fs::File::create(&log)?)
            .stderr(fs::File::options().append(true).open(&log)?);
        let mut process = Guarded::spawn(command, Some(folder.path()))?;
        let said = || fs::read_to_string(&log).unwrap_or_default();
        let listens = poll(LIMIT, || {
            if process.exited()?.is_some() {
                bail!("PgBouncer ended at once:\n{}", said());
            }
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
        })?;
        ensure!(listens.is_some(), "PgBouncer did not listen:\n{}", said());
        Ok(Self {
            _process: process,
            port,
            version,
            _folder: folder,
        })
    }

    /// The URL of a database of the server, through the pooler.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://anybody@127.0.0.1:{}/{database}", self.port)
    }

    /// Whether this version supports prepared statements.
    #[must_use]
    pub fn knows_statements(&self) -> bool {
        self.version >= KNOWS_STATEMENTS
    }
}

/// Settings that admit everybody, as the user of the server's URL.
fn settings(server: &str, mode: Mode, version: (u32, u32), port: u16) -> Result<String> {
    let parts = server
        .strip_prefix("postgres://")
        .and_then(|rest| rest.split_once('@'))
        .and_then(|(who, rest)| Some((who.split_once(':')?, rest.split('/').next()?)))
        .and_then(|(who, place)| Some((who, place.split_once(':')?)));
    let ((user, password), (host, server_port)) = parts.context("not the URL of a cluster")?;
    let mode = match mode {
        Mode::Session => "session",
        Mode::Transaction => "transaction",
    };
    let statements = if version >= KNOWS_STATEMENTS {
        "max_prepared_statements = 200\n"
    } else {
        ""
    };
    // It does not run as root, and switches to another user.
    let account = if geteuid().is_root() {
        "user = nobody\n"
    } else {
        ""
    };
    Ok(format!(
        "[databases]\n* = host={host} port={server_port} user={user} password={password}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
         pool_mode = {mode}\ndefault_pool_size = 40\n{statements}{account}"
    ))
}

fn version(program: &Path) -> Result<(u32, u32)> {
    let said = Command::new(program).arg("--version").output()?.stdout;
    let said = String::from_utf8_lossy(&said);
    let first = said.lines().next().unwrap_or_default();
    let mut numbers = first
        .strip_prefix("PgBouncer ")
        .unwrap_or_default()
        .split('.')
        .map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("{} says of itself: {first}", program.display()),
    }
}
