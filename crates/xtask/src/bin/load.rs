//! The load generator as a separate process: `load <plan as JSON>`; it prints its results as JSON.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use countersign_xtask::bench::load::{Plan, run};

fn main() -> ExitCode {
    let Err(error) = asked() else {
        return ExitCode::SUCCESS;
    };
    // If nobody reads standard error, there is nobody to inform.
    let _ = writeln!(std::io::stderr(), "{error:#}");
    ExitCode::FAILURE
}

fn asked() -> Result<()> {
    let path = std::env::args_os()
        .nth(1)
        .context("give the file of a plan")?;
    let plan: Plan = serde_json::from_slice(&std::fs::read(path)?)?;
    let outcome = run(&plan)?;
    Ok(writeln!(
        std::io::stdout(),
        "{}",
        serde_json::to_string(&outcome)?
    )?)
}
