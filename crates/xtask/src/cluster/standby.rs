//! A hot standby: a server that replays another one's log and answers reads.

use std::os::unix::fs::chown;

use anyhow::Result;

use super::host::free_port;
use super::programs::run;
use super::{Cluster, parent};

impl Cluster {
    /// Creates a hot standby of this running server, with a port of its own, and starts it.
    ///
    /// # Errors
    /// Fails if the copy fails or the standby does not start; see [`Cluster::start`].
    pub fn start_standby(&self) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-pg-")
            .tempdir_in(parent(self.account.as_ref()))?;
        let mut standby = Self {
            running: None,
            frozen: Vec::new(),
            folder,
            programs: self.programs.clone(),
            account: self.account.clone(),
            port: free_port()?,
            password: self.password.clone(),
            durability: self.durability,
        };
        if let Some(account) = &standby.account {
            let (user, group) = (account.uid.as_raw(), account.gid.as_raw());
            chown(standby.folder.path(), Some(user), Some(group))?;
        }
        let mut copy = standby.command("pg_basebackup");
        copy.args(["-h", "127.0.0.1", "-U", "postgres", "-p"])
            .arg(self.port.to_string())
            .env("PGPASSWORD", &self.password)
            .arg("--write-recovery-conf");
        copy.args(["--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
        copy.arg("--pgdata").arg(standby.data());
        run(copy)?;
        standby.start_again()?;
        Ok(standby)
    }
}
