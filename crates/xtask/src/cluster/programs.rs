//! PostgreSQL's own programs, run for a cluster: under its account, in its folder, without regard
//! to any other installation.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::{Cluster, Durability};

impl Cluster {
    pub(super) fn initialise(&self) -> Result<()> {
        let secret = self.folder.path().join("password");
        fs::write(&secret, &self.password)?;
        if let Some(account) = &self.account {
            for path in [self.folder.path(), &secret] {
                chown(path, Some(account.uid.as_raw()), Some(account.gid.as_raw()))?;
            }
        }
        let mut initdb = self.command("initdb");
        initdb
            .arg("--pgdata")
            .arg(self.data())
            .arg("--pwfile")
            .arg(&secret);
        // A clear-text password on the loopback costs no key stretching per connection.
        initdb.args([
            "--username=postgres",
            "--auth=password",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        initdb.args(["--no-sync", "--no-instructions"]);
        run(initdb)?;
        Ok(fs::remove_file(secret)?)
    }

    pub(super) fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "max_connections=300".to_owned(),
        ];
        if self.durability == Durability::Relaxed {
            settings.extend(["fsync=off".to_owned(), "full_page_writes=off".to_owned()]);
        }
        settings
    }

    pub(super) fn psql(&self, database: &str, arguments: &[&str]) -> Result<()> {
        run(self.psql_command(database, arguments))
    }

    pub(super) fn psql_command(&self, database: &str, arguments: &[&str]) -> Command {
        let mut psql = self.command("psql");
        psql.args([
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
        ]);
        psql.args(["-p", &self.port.to_string(), "-d", database]);
        psql.args(arguments).env("PGPASSWORD", &self.password);
        psql
    }

    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        // The caller's PGDATA, PGPORT and locale must not count.
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if let Some(account) = &self.account {
            command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
        }
        command
    }
}

pub(super) fn run(mut command: Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    ensure!(
        output.status.success(),
        "{name} failed:\n{}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(())
}
