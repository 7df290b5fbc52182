//! Schemathesis: requests that are generated from our own OpenAPI document, against the real
//! binary.
//!
//! Our own tests cover cases that we thought of. This one finds differences between the document
//! and the answers, and inputs that nobody thought of, with all of its checks on both databases.

mod outcome;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use countersign_xtask::cluster::{Cluster, Durability};
use countersign_xtask::environment;
use countersign_xtask::server::{Launch, Server};

use crate::step::{Step, all, cargo, root, run, service_binary, step};

/// Runs it on both databases, the second one in a private cluster.
pub(crate) fn on_both() -> Result<()> {
    let cluster = Cluster::start(Durability::Relaxed)?;
    let steps: [Step; 2] = [
        ("schemathesis on SQLite", Box::new(on_sqlite)),
        (
            "schemathesis on PostgreSQL",
            Box::new(|| on_postgres(&cluster)),
        ),
    ];
    all(steps)
}

pub(crate) fn on_sqlite() -> Result<()> {
    check("sqlite:countersign.db")
}

pub(crate) fn on_postgres(cluster: &Cluster) -> Result<()> {
    cluster.create_database("schemathesis")?;
    check(&cluster.url("schemathesis"))
}

fn check(database_url: &str) -> Result<()> {
    let program = installed()?;
    let mut launch = Launch::new(service_binary()?, database_url);
    // Successful checks are logged at this level.
    let level = "info,countersign_http::request_context=debug";
    launch.environment = vec![("COUNTERSIGN_LOG".into(), level.into())];
    let mut server = Server::start(launch)?;
    let secret = server.root_token()?;
    let settings = settings();
    let document = exact_document()?;
    let outcome = run(Command::new(program)
        // Its files belong to no commit.
        .current_dir(root().join("target"))
        .arg("--config-file")
        .arg(settings.join("schemathesis.toml"))
        .arg("run")
        .arg(&document)
        .args(["--url", &server.url()])
        .env("COUNTERSIGN_URL", server.url())
        .env("COUNTERSIGN_ROOT_TOKEN", &secret)
        .env("PYTHONPATH", &settings)
        .env("PYTHONDONTWRITEBYTECODE", "1"));
    let status = server.terminate()?;
    let log = server.log()?;
    fs::write(root().join("target/schemathesis-server.log"), &log)?;
    outcome?;
    ensure!(
        status.success(),
        "the server ended with {status} after SIGTERM"
    );
    ensure!(
        !log.contains(&secret),
        "the server's log holds the root token's secret"
    );
    let document = fs::read_to_string(document)?;
    eprint!("{}", outcome::all_done(&document, &log)?);
    Ok(())
}

/// The exact document, which allows only existing fields and values; the document for clients is
/// open, and would let anything pass.
fn exact_document() -> Result<PathBuf> {
    let build = [
        "run",
        "--quiet",
        "--locked",
        "--package",
        "countersign-http",
    ];
    let printed = cargo(&build)
        .args(["--all-features", "--example", "exact_openapi"])
        .output()?;
    ensure!(
        printed.status.success(),
        "{}",
        String::from_utf8_lossy(&printed.stderr)
    );
    let path = root().join("target/exact-openapi.json");
    fs::write(&path, printed.stdout)?;
    Ok(path)
}

fn settings() -> PathBuf {
    root().join("crates/xtask/schemathesis")
}

/// The program in its virtual environment, which is made again if the pinned versions changed.
fn installed() -> Result<PathBuf> {
    let folder = root().join("target/schemathesis-venv");
    let program = folder.join("bin/schemathesis");
    let pins = settings().join("requirements.txt");
    let mark = folder.join("requirements.txt");
    if fs::read(&mark).is_ok_and(|held| fs::read(&pins).is_ok_and(|wanted| held == wanted)) {
        return Ok(program);
    }
    step("install schemathesis", || {
        environment(&folder)?;
        run(Command::new(folder.join("bin/pip"))
            .args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&pins))?;
        fs::copy(&pins, &mark)?;
        Ok(())
    })?;
    Ok(program)
}
