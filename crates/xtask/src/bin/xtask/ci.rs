//! The checks that a change must pass before it is merged.
//!
//! The quick checks come first, and each runs even if an earlier one failed, so that one run shows
//! all failures.

use std::process::Command;

use anyhow::Result;

use crate::step::{Step, all, cargo, root, run, step};
use crate::tools::tool;
use crate::{clients, deployment, prepare, test};

const DENY_VERSION: &str = "0.20.2";
const WHOLE: [&str; 3] = ["--workspace", "--all-features", "--locked"];

/// Runs every check.
///
/// # Errors
/// Names the failed checks.
pub(crate) fn ci() -> Result<()> {
    let steps: [Step; 8] = [
        (
            "formatting",
            Box::new(|| run(&mut cargo(&["fmt", "--all", "--check"]))),
        ),
        ("clippy", Box::new(clippy)),
        ("dependencies", Box::new(dependencies)),
        ("documentation", Box::new(documentation)),
        ("OpenAPI document", Box::new(clients::lint)),
        (
            "query descriptions",
            Box::new(|| prepare::prepare(None, true)),
        ),
        ("deployment files", Box::new(deployment::check)),
        ("test", Box::new(|| test::test(&[]))),
    ];
    all(steps)
}

fn clippy() -> Result<()> {
    run(cargo(&["clippy", "--all-targets"])
        .args(WHOLE)
        .args(["--", "-D", "warnings"]))
}

fn documentation() -> Result<()> {
    run(cargo(&["doc", "--no-deps"])
        .args(WHOLE)
        .env("RUSTDOCFLAGS", "-D warnings"))
}

/// Checks dependencies without the list of advisories, which must be fetched, and a build machine
/// may not do that.
fn dependencies() -> Result<()> {
    deny(&["bans", "licenses", "sources"])
}

/// Compares the locked dependencies with the list of known vulnerabilities, which is fetched.
///
/// # Errors
/// Fails if one of them is on the list, or the list is not available.
pub(crate) fn advisories() -> Result<()> {
    step("advisories", || deny(&["advisories"]))
}

fn deny(checks: &[&str]) -> Result<()> {
    let program = if is_wanted("cargo-deny") {
        "cargo-deny".into()
    } else {
        tool("cargo-deny", DENY_VERSION)?
    };
    run(Command::new(program)
        .current_dir(root())
        .args(["--all-features", "--locked", "check"])
        .args(checks))
}

fn is_wanted(program: impl AsRef<std::ffi::OsStr>) -> bool {
    let answer = Command::new(program).arg("--version").output();
    answer.is_ok_and(|answer| {
        String::from_utf8_lossy(&answer.stdout)
            .trim()
            .ends_with(DENY_VERSION)
    })
}
