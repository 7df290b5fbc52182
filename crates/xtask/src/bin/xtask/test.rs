//! All tests, in one command.
//!
//! A newcomer only has a compiler. Whatever else the tests need is found, installed or started
//! here, and stopped afterwards.

use anyhow::Result;
use countersign_xtask::cluster::{Cluster, Durability};

use crate::schemathesis;
use crate::step::{Step, all, cargo, run, step};

/// Superuser URL of the maintenance database, from which each test makes a database of its own.
const POSTGRES: &str = "COUNTERSIGN_TEST_POSTGRES_URL";

/// All tests and Schemathesis; with arguments for `cargo test`, only the selected tests.
///
/// # Errors
/// Names the failed steps; later steps run even after a failure.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let mut started = None;
    step("start a private PostgreSQL", || {
        started = Some(Cluster::start(Durability::Relaxed)?);
        Ok(())
    })?;
    let Some(cluster) = &started else {
        return Ok(());
    };
    let url = cluster.url("postgres");
    let tests = || {
        let mut tests = cargo(&["test", "--all-features", "--locked", "--no-fail-fast"]);
        if !arguments
            .iter()
            .any(|argument| matches!(argument.as_str(), "-p" | "--package"))
        {
            tests.arg("--workspace");
        }
        run(tests.args(arguments).env(POSTGRES, &url))
    };
    let mut steps: Vec<Step> = vec![("tests", Box::new(tests))];
    if arguments.is_empty() {
        steps.push(("schemathesis on SQLite", Box::new(schemathesis::on_sqlite)));
        steps.push((
            "schemathesis on PostgreSQL",
            Box::new(|| schemathesis::on_postgres(cluster)),
        ));
    }
    all(steps)
}
