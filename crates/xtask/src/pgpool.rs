//! Pgpool-II as a distribution ships it, a pooler that sends reads to a hot standby. The program is
//! installed if that is possible here; otherwise the error says what to type.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::cluster::{Cluster, free_port};
use crate::prerequisites::{ensure_installed, program};
use crate::process::{Guarded, poll};
use crate::sql::apart;

const PROGRAM: &str = "pgpool";
/// Distributions keep it off the search path of users who are not root.
const USUAL: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];
const LIMIT: Duration = Duration::from_secs(20);

/// Which statements Pgpool-II sends to the standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Its default: those that call no volatile function.
    WithoutVolatile,
    /// All that begin with `SELECT`, as if every function only read (`read_only_function_list`).
    All,
}

/// A running Pgpool-II; dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Pgpool {
    // Dropped before the folder, so that nothing writes into the folder while it is removed.
    process: Guarded,
    port: u16,
    folder: TempDir,
}

impl Pgpool {
    /// Starts it in front of a primary and a hot standby of it, and waits until it listens. No read
    /// goes to the primary if the standby may answer it, however far the standby is behind.
    ///
    /// # Errors
    /// If there is none and none may be installed: what to install. If it does not listen within 20
    /// seconds: its log.
    pub fn start(primary: &Cluster, standby: &Cluster, reads: Reads) -> Result<Self> {
        let program = ensure_installed(
            || program(PROGRAM, &USUAL),
            &["pgpool2"],
            "no Pgpool-II found. Install it (Debian, Ubuntu: `sudo apt-get install pgpool2`)",
        )?;
        let (port, folder) = (free_port()?, tempfile::tempdir()?);
        let servers = [primary.port(), standby.port()];
        let settings = settings(servers, reads, port, folder.path())?;
        fs::write(folder.path().join("pgpool.conf"), settings)?;
        let everybody = "host all all 127.0.0.1/32 trust\n";
        fs::write(folder.path().join("pool_hba.conf"), everybody)?;
        fs::write(folder.path().join("pcp.conf"), "")?;
        let url = primary.url("postgres");
        let (_, password) = apart(&url).context("the URL has no password")?;
        let account = format!("postgres:TEXT{password}\n");
        fs::write(folder.path().join("pool_passwd"), account)?;
        let log = File::create(folder.path().join("log"))?;
        let mut command = Command::new(program);
        command.args(["-n", "-f", "pgpool.conf", "-a", "pool_hba.conf"]);
        command.args(["-F", "pcp.conf"]).current_dir(folder.path());
        command.stdout(log.try_clone()?).stderr(log);
        let process = Guarded::spawn(command, Some(folder.path()))?;
        let mut pgpool = Self {
            process,
            port,
            folder,
        };
        pgpool.await_listener()?;
        Ok(pgpool)
    }

    fn await_listener(&mut self) -> Result<()> {
        let listens = poll(LIMIT, || {
            if self.process.exited()?.is_some() {
                bail!("Pgpool-II ended at once:\n{}", self.log()?);
            }
            // By then it has found out which server is the primary.
            let ready = self.log()?.contains("successfully started");
            let open = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok();
            Ok(open.filter(|_| ready))
        })?;
        ensure!(listens.is_some(), "it did not listen:\n{}", self.log()?);
        Ok(())
    }

    /// The port that clients connect to, as the superuser with the primary's password.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its log, which has a line for each statement with the server that got it.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn log(&self) -> Result<String> {
        let bytes = fs::read(self.folder.path().join("log"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Pgpool {
    fn drop(&mut self) {
        // Killed, it would leave its children behind.
        let _ = self.process.signal(Signal::SIGINT);
        let _ = self.process.wait_within(LIMIT);
    }
}

/// The servers are the primary and the standby, in this order.
fn settings(servers: [u16; 2], reads: Reads, port: u16, folder: &Path) -> Result<String> {
    let (folder, pcp) = (folder.display(), free_port()?);
    let [primary, standby] = servers;
    let reading = match reads {
        Reads::WithoutVolatile => "",
        Reads::All => "read_only_function_list = '.*'\n",
    };
    Ok(format!(
        "backend_clustering_mode = 'streaming_replication'\nload_balance_mode = on\n\
         statement_level_load_balance = on\ndelay_threshold = 0\n{reading}\
         backend_hostname0 = '127.0.0.1'\nbackend_port0 = {primary}\nbackend_weight0 = 0\n\
         backend_hostname1 = '127.0.0.1'\nbackend_port1 = {standby}\nbackend_weight1 = 1\n\
         failover_on_backend_error = off\n\
         listen_addresses = '127.0.0.1'\nport = {port}\npcp_port = {pcp}\n\
         socket_dir = '{folder}'\npcp_socket_dir = '{folder}'\nwd_ipc_socket_dir = '{folder}'\n\
         pid_file_name = '{folder}/pid'\nlogdir = '{folder}'\n\
         enable_pool_hba = on\npool_passwd = 'pool_passwd'\n\
         sr_check_user = 'postgres'\n\
         sr_check_database = 'postgres'\nsr_check_period = 1\n\
         num_init_children = 64\nmax_pool = 1\n\
         log_per_node_statement = on\nmemory_cache_enabled = off\n"
    ))
}
