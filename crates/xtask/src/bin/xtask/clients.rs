//! Third-party clients against the real binary: generated from our OpenAPI document, or libraries
//! that implement a standard.
//!
//! Each folder of `crates/xtask/clients/` with a `run.sh` is one of them; `common.sh` describes
//! what such a script gets. They all talk to a proxy that answers as a later version might.

mod tools;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use countersign_xtask::server::{Launch, Server};
use countersign_xtask::{later_version, node};

use self::tools::Tools;
use crate::step::{root, run, service_binary, step};

const PAGE: &str = "docs/clients.md";
const HEAD: &str = "# Clients that were tried

`cargo xtask clients` generates each client from [openapi.json](openapi.json), compiles it, runs it against the service,
and writes this page. The *whole cycle* is: create, get, update, a conflict, rotate, verify, verify a batch, list, query,
history, revoke. All answers pass a proxy that adds a field to every object and a new kind of event: a client that a later
version would break fails. The programs are in `crates/xtask/clients/`; `cargo xtask ci` lints the document.

| client | version | tried | result |
|---|---|---|---|
";

/// Lints the committed document.
///
/// # Errors
/// Fails if a linter has any finding, or cannot be installed.
pub(crate) fn lint() -> Result<()> {
    let tools = Tools::installed("lint")?;
    let work = fresh("lint")?;
    run(&mut tools.script("lint/run.sh", &work)?)
}

/// Tries every client, and writes the page.
///
/// # Errors
/// Names the failed clients.
pub(crate) fn clients() -> Result<()> {
    step("lint", lint)?;
    node::java()?;
    let tools = Tools::installed("")?;
    let server = Server::start(Launch::new(service_binary()?, "sqlite:countersign.db"))?;
    let secret = server.root_token()?;
    let proxy = later_version::Proxy::start(&tools::folder(), &server.url())?;
    let (mut page, mut failed) = (HEAD.to_owned(), Vec::new());
    for name in names()? {
        let work = fresh(&name)?;
        let row = work.join("result");
        let mut command = tools.script(&format!("{name}/run.sh"), &work)?;
        command
            .env("NAME", &name)
            .env("RESULT", &row)
            .env("COUNTERSIGN_URL", proxy.url())
            .env("COUNTERSIGN_SERVICE_URL", server.url())
            .env("COUNTERSIGN_TOKEN", &secret);
        let passed = step(&name, || run(&mut command)).is_ok();
        let row = fs::read_to_string(&row).with_context(|| format!("{name} names itself"))?;
        let result = if passed { "passes" } else { "**fails**" };
        writeln!(page, "| {} | {result} |", row.trim())?;
        failed.extend((!passed).then_some(name));
    }
    fs::write(root().join(PAGE), page)?;
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// The clients, by the folders of their scripts.
fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(tools::folder())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "lint" && entry.path().join("run.sh").exists() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// An empty folder for the files of a client.
fn fresh(name: &str) -> Result<PathBuf> {
    let folder = root().join("target/clients").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
