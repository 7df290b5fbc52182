//! Starts the benchmark program.

use anyhow::Result;

use crate::step::{cargo, run};

/// Builds the benchmark program in release, and runs it with these arguments.
///
/// # Errors
/// Fails if it does not build, or reports a failure.
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
