//! Prerequisites of tests beyond a compiler: they are found, or installed if that is possible here;
//! otherwise the error says what to install. A bare "No such file or directory" does not say of
//! what.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use nix::unistd::geteuid;

/// Returns what `find` finds, if necessary after installing these Debian packages.
///
/// # Errors
/// Fails with `advice`, which says what to install, if there is none and none may be installed.
/// Fails if `apt-get` fails, which reports the reason on standard error.
pub(crate) fn ensure_installed<T>(
    find: impl Fn() -> Option<T>,
    packages: &[&str],
    advice: &str,
) -> Result<T> {
    /// Tests of one process begin together, and only one of them can install.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = find() {
        return Ok(found);
    }
    let debian = Path::new("/etc/debian_version").exists();
    ensure!(debian && geteuid().is_root(), "{advice}");
    for package in packages {
        install(package)?;
    }
    let installed = packages.join(" and ");
    find().with_context(|| format!("apt-get installed {installed}, but not where it is looked for"))
}

/// The first program of that name on the search path, or in one of the usual folders.
pub(crate) fn program(name: &str, usual: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = usual.iter().map(PathBuf::from);
    env::split_paths(&path)
        .chain(usual)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn install(package: &str) -> Result<()> {
    for arguments in [
        &["update", "-q"][..],
        &["install", "-y", "-q", "--no-install-recommends", package],
    ] {
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status()
            .context("cannot run apt-get")?;
        ensure!(status.success(), "apt-get {} failed", arguments.join(" "));
    }
    Ok(())
}
