//! Libraries of other languages, installed for tests that run them as clients.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};

use crate::prerequisites::{ensure_installed, program};
use crate::python::environment;

/// Python with packages of its index, each with its version as in `name==1.0`. They are installed
/// into a folder of `store`, and again if the wanted ones changed.
///
/// # Errors
/// Fails if there is no Python, or the index cannot be reached.
pub fn python(packages: &[&str], store: &Path) -> Result<Command> {
    let folder = store.join("python");
    installed(&folder, packages, || {
        environment(&folder)?;
        let mut install = Command::new(folder.join("bin/python"));
        install.args(["-m", "pip", "install", "--quiet"]);
        install.arg("--disable-pip-version-check").args(packages);
        Ok(install)
    })?;
    Ok(Command::new(folder.join("bin/python")))
}

/// Node.js with packages of npm's registry, each with its version as in `name@1.0`; the variable
/// `NODE_PACKAGES` has their folder.
///
/// # Errors
/// Fails if there is no Node.js of version 20 or newer, or the registry cannot be reached.
pub fn node(packages: &[&str], store: &Path) -> Result<Command> {
    let find = || Some((program("node", &[])?, program("npm", &[])?));
    let advice = "no Node.js on the search path. Install version 20 or newer, with npm";
    let (node, npm) = ensure_installed(find, &["nodejs", "npm"], advice)?;
    let folder = store.join("node");
    installed(&folder, packages, || {
        let mut install = Command::new(&npm);
        install.args(["install", "--silent", "--no-audit", "--no-fund"]);
        install.args(["--ignore-scripts", "--no-save", "--prefix"]);
        install.arg(&folder).args(packages);
        Ok(install)
    })?;
    let mut node = Command::new(node);
    node.env("NODE_PACKAGES", folder.join("node_modules"));
    Ok(node)
}

/// Runs the installation, unless the folder has exactly these packages.
fn installed(
    folder: &Path,
    packages: &[&str],
    install: impl FnOnce() -> Result<Command>,
) -> Result<()> {
    /// Tests of one process begin together, and one of them installs for all.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (mark, wanted) = (folder.join("packages"), packages.join("\n"));
    if fs::read_to_string(&mark).is_ok_and(|held| held == wanted) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let done = install()?.status()?;
    let names = packages.join(", ");
    ensure!(done.success(), "{names} cannot be installed: see above");
    Ok(fs::write(mark, wanted)?)
}
