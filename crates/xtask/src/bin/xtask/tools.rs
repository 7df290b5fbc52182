//! Programs of crates.io, installed under `target/tools` at one version.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::step::{cargo, output, root, run};

/// The program `name` of the crate with that name, installed unless this version is there.
///
/// # Errors
/// Fails if it cannot be installed; cargo reports the reason.
pub(crate) fn tool(name: &str, version: &str) -> Result<PathBuf> {
    let tools = root().join("target/tools");
    if !is_installed(&tools, name, version)? {
        // Unoptimised: it runs for a second, and optimising would take many minutes.
        let install = [
            "install",
            "--debug",
            "--locked",
            "--version",
            version,
            name,
            "--root",
        ];
        run(cargo(&install).arg(&tools))?;
    }
    Ok(tools.join("bin").join(name))
}

fn is_installed(tools: &Path, name: &str, version: &str) -> Result<bool> {
    if !tools.exists() {
        return Ok(false);
    }
    let list = output(cargo(&["install", "--list", "--root"]).arg(tools))?;
    let wanted = format!("{name} v{version}:");
    Ok(list.lines().any(|line| line == wanted))
}
