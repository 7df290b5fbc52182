//! The descriptions of all queries, with which the adapters build without a database.
//!
//! The query macros write what a live database reports about each query into the folder in
//! `SQLX_OFFLINE_DIR`. So a build against freshly migrated databases makes the whole set, without
//! descriptions of removed queries.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use countersign_xtask::cluster::{Cluster, Durability};
use countersign_xtask::python;

use crate::step::{cargo, root, run, step};

/// A database adapter; the names are the folders'.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Adapter {
    Postgres,
    Sqlite,
}

impl Adapter {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// The variable, as in the adapter's `sqlx.toml`.
    fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "COUNTERSIGN_POSTGRES_URL",
            Self::Sqlite => "COUNTERSIGN_SQLITE_URL",
        }
    }
}

/// Writes, or with `check` compares, the descriptions of one adapter or of both.
///
/// # Errors
/// Fails if a migration does not apply, an adapter does not compile, or a comparison fails.
pub(crate) fn prepare(only: Option<Adapter>, check: bool) -> Result<()> {
    for adapter in Adapter::value_variants() {
        if only.is_none_or(|only| only.name() == adapter.name()) {
            step(
                &format!("describe the queries of {}", adapter.name()),
                || renew(*adapter, check),
            )?;
        }
    }
    Ok(())
}

fn renew(adapter: Adapter, check: bool) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let made = scratch.path().join("queries");
    fs::create_dir(&made)?;
    let migrations = migrations(adapter)?;
    match adapter {
        Adapter::Postgres => {
            let cluster = Cluster::start(Durability::Relaxed)?;
            cluster.create_database("describe")?;
            for file in &migrations {
                cluster.run_file("describe", file)?;
            }
            describe(adapter, &cluster.url("describe"), &made)?;
        }
        Adapter::Sqlite => {
            let database = scratch.path().join("describe.db");
            migrate_sqlite(&database, &migrations)?;
            describe(adapter, &format!("sqlite:{}", database.display()), &made)?;
        }
    }
    let committed = root().join("crates").join(adapter.name()).join(".sqlx");
    if check {
        compare(&made, &committed)
    } else {
        replace(&made, &committed)
    }
}

fn migrations(adapter: Adapter) -> Result<Vec<PathBuf>> {
    let folder = root().join("migrations").join(adapter.name());
    let mut files = files(&folder)?;
    files.retain(|file| file.extension().is_some_and(|end| end == "sql"));
    Ok(files)
}

fn migrate_sqlite(database: &Path, files: &[PathBuf]) -> Result<()> {
    const SCRIPT: &str = "import sqlite3, sys\n\
        database = sqlite3.connect(sys.argv[1])\n\
        for file in sys.argv[2:]: database.executescript(open(file, encoding='utf-8').read())";
    run(python()?.args(["-c", SCRIPT]).arg(database).args(files))
}

fn describe(adapter: Adapter, url: &str, into: &Path) -> Result<()> {
    let package = format!("countersign-{}", adapter.name());
    let library = root()
        .join("crates")
        .join(adapter.name())
        .join("src/lib.rs");
    // Cargo does not know that the macros read the database: an unchanged source would be "fresh".
    File::options()
        .append(true)
        .open(library)?
        .set_modified(now())?;
    // Artefacts that no other build makes, so that none of them can be "fresh" instead.
    let apart = format!("profile.dev.package.{package}.codegen-units=1");
    run(cargo(&[
        "check",
        "--locked",
        "--all-targets",
        "--all-features",
        "--package",
        &package,
    ])
    .args(["--config", &apart])
    .env("SQLX_OFFLINE", "false")
    .env("SQLX_OFFLINE_DIR", into)
    .env(adapter.variable(), url))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file's time, not the service's"
)]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

fn compare(made: &Path, committed: &Path) -> Result<()> {
    let (made, committed) = (contents(made)?, contents(committed)?);
    ensure!(
        made == committed,
        "the committed descriptions differ from the queries: run `cargo xtask prepare`"
    );
    Ok(())
}

fn replace(made: &Path, committed: &Path) -> Result<()> {
    if committed.exists() {
        fs::remove_dir_all(committed)?;
    }
    let contents = contents(made)?;
    if !contents.is_empty() {
        fs::create_dir(committed)?;
    }
    for (name, content) in contents {
        fs::write(committed.join(name), content)?;
    }
    Ok(())
}

fn contents(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let read = |file: PathBuf| Ok((file.strip_prefix(folder)?.to_owned(), fs::read(&file)?));
    files(folder)?.into_iter().map(read).collect()
}

/// The files of a folder in the order of their names; none if there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = folder
        .read_dir()
        .with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
