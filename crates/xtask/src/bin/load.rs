//! The load generator as a process of its own: `load <plan as JSON>`; prints what came of it as JSON.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use countersign_xtask::bench::load::{Plan, run};

fn main() -> ExitCode {
    let Err(error) = asked() else {
        return ExitCode::SUCCESS;
    };
    // Where nobody reads there is nobody to tell that.
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
