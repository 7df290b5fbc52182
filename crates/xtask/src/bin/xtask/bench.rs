//! Hands over to the program that measures.

use anyhow::Result;

use crate::step::{cargo, run};

/// Builds the measuring program in release, and runs it with these arguments.
///
/// # Errors
/// When it does not build, or says that something failed.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    run(cargo(&[
        "run",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "countersign-xtask",
    ])
    .args(["--features", "bench", "--bin", "bench", "--"])
    .args(arguments))
}
