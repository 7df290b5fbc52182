//! What a run needs around it: programs, a PostgreSQL, databases full of tokens, services on them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::load::{Outcome, Plan};
use super::options::Options;
use super::seed::{self, Owner};
use super::{say, top};
use crate::cluster::{Cluster, Durability};
use crate::server::{Launch, Server};
use crate::sql;

/// A database with tokens, and who may do everything in it.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) url: String,
    pub(super) owner: Owner,
    pub(super) root: String,
    pub(super) stored: u64,
}

pub(super) struct BenchSetup {
    pub(super) options: Options,
    // Made where a part asks for it: the rules need none.
    cluster: Option<Cluster>,
    databases: BTreeMap<(bool, u64), Database>,
    folder: TempDir,
    programs: PathBuf,
}

impl BenchSetup {
    /// Builds the programs, in the profile that this one was built in.
    pub(super) fn set(options: Options) -> Result<Self> {
        let own = std::env::current_exe()?;
        let programs = own.parent().context("this program is nowhere")?.to_owned();
        let mut targets = vec![
            vec!["-p", "countersign-http", "--example", "bare"],
            vec![
                "-p",
                "countersign-xtask",
                "--features",
                "bench",
                "--bin",
                "load",
            ],
        ];
        if options.no_build {
            targets.clear();
        } else if options.service.is_none() {
            targets.push(vec!["-p", "countersign-app", "--bin", "countersign"]);
        }
        for target in targets {
            cargo(&programs, "build", &target)?;
        }
        let folder = tempfile::Builder::new()
            .prefix("countersign-bench-")
            .tempdir()?;
        Ok(Self {
            options,
            cluster: None,
            databases: BTreeMap::new(),
            folder,
            programs,
        })
    }

    pub(super) fn service(&self) -> PathBuf {
        let given = self.options.service.clone();
        given.unwrap_or_else(|| self.programs.join("countersign"))
    }

    pub(super) fn programs(&self) -> &Path {
        &self.programs
    }

    /// A file for what a measurement reads.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A database of PostgreSQL with so many tokens.
    pub(super) fn postgres(&mut self, stored: u64) -> Result<Database> {
        if let Some(there) = self.databases.get(&(true, stored)) {
            return Ok(there.clone());
        }
        let url = self.create_database(&format!("tokens_{stored}"))?;
        say(&format!("    storing {stored} tokens in PostgreSQL"));
        let root = self.first_start(&url)?;
        let found = sql::postgres(&url, "SELECT id, system_user_id FROM tenants")?;
        let owner = owner(&found, "|")?;
        seed::into_postgres(&url, stored, &owner)?;
        Ok(self.keep(
            true,
            Database {
                url,
                owner,
                root,
                stored,
            },
        ))
    }

    /// An empty database of PostgreSQL, and its URL.
    pub(super) fn create_database(&mut self, name: &str) -> Result<String> {
        let cluster = self.cluster()?;
        cluster.create_database(name)?;
        Ok(cluster.url(name))
    }

    /// The server of all databases of PostgreSQL, which flushes each commit.
    pub(super) fn cluster(&mut self) -> Result<&mut Cluster> {
        if self.cluster.is_none() {
            self.cluster = Some(Cluster::start(Durability::Full)?);
        }
        self.cluster.as_mut().context("there is no PostgreSQL")
    }

    /// A file of SQLite with so many tokens.
    pub(super) fn sqlite(&mut self, stored: u64) -> Result<Database> {
        if let Some(there) = self.databases.get(&(false, stored)) {
            return Ok(there.clone());
        }
        let file = self.file(&format!("tokens_{stored}.db"));
        let url = format!("sqlite:{}", file.display());
        say(&format!("    storing {stored} tokens in SQLite"));
        let root = self.first_start(&url)?;
        let found = sql::sqlite(
            &file,
            "SELECT lower(hex(id)) || ',' || lower(hex(system_user_id)) FROM tenants",
        )?;
        let owner = owner(&found, ",")?;
        seed::into_sqlite(&file, stored, &owner)?;
        Ok(self.keep(
            false,
            Database {
                url,
                owner,
                root,
                stored,
            },
        ))
    }

    fn keep(&mut self, postgres: bool, database: Database) -> Database {
        self.databases
            .insert((postgres, database.stored), database.clone());
        database
    }

    /// Lets the service make its tables and its first token.
    fn first_start(&self, url: &str) -> Result<String> {
        let mut server = Server::start(Launch::new(self.service(), url))?;
        let root = server.root_token()?;
        ensure!(
            server.terminate()?.success(),
            "the service did not end well:\n{}",
            server.log()?
        );
        Ok(root)
    }

    /// The service on a database.
    pub(super) fn serve(
        &self,
        database: &Database,
        further: &[(String, String)],
    ) -> Result<Server> {
        let mut launch = Launch::new(self.service(), &database.url);
        launch.environment = [&self.options.environment, further].concat();
        Server::start(launch)
    }

    /// The generator, to the end of its plan.
    pub(super) fn load(&self, plan: &Plan) -> Result<Outcome> {
        let file = self.file("plan.json");
        fs::write(&file, serde_json::to_vec(plan)?)?;
        let output = Command::new(self.programs.join("load"))
            .arg(&file)
            .stdin(Stdio::null())
            .output()?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} {}: {}",
            plan.request.method,
            plan.request.path,
            words.trim_end()
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

fn owner(found: &str, between: &str) -> Result<Owner> {
    let (tenant, user) = found
        .split_once(between)
        .context("the database has no tenant")?;
    Ok(Owner {
        tenant: tenant.to_owned(),
        user: user.to_owned(),
    })
}

/// `cargo` at the top of the repository, in the profile whose programs are in this folder.
pub(super) fn cargo(programs: &Path, command: &str, arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(top())
        .args([command, "--quiet", "--locked"])
        .args(arguments);
    if command == "build" && programs.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot run cargo")?;
    ensure!(
        status.success(),
        "cargo {command} {} failed",
        arguments.join(" ")
    );
    Ok(())
}
