//! The pinned tools that generate and compile clients.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use countersign_xtask::{environment, node};

use crate::step::{root, run, step};

const PINS: [&str; 3] = ["requirements.txt", "package.json", "package-lock.json"];

/// The folder of the scripts and the pinned versions.
pub(super) fn folder() -> PathBuf {
    root().join("crates/xtask/clients")
}

/// Programs of Python and of Node.js, in a folder of their own.
pub(super) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Installs the tools that `set`, a folder of the scripts, pins; again if the pins changed.
    pub(super) fn installed(set: &str) -> Result<Self> {
        let pins = folder().join(set);
        let folder =
            root()
                .join("target/clients-tools")
                .join(if set.is_empty() { "all" } else { set });
        let same = |name: &&str| {
            fs::read(folder.join(name))
                .is_ok_and(|held| fs::read(pins.join(name)).ok() == Some(held))
        };
        // The marker is written last.
        if !folder.join("installed").exists() || !PINS.iter().all(same) {
            step("install pinned tools", || install(&pins, &folder))?;
        }
        Ok(Self { folder })
    }

    /// A script with these tools on its path.
    pub(super) fn script(&self, name: &str, work: &Path) -> Result<Command> {
        let own = ["venv/bin", "node_modules/.bin"].map(|part| self.folder.join(part));
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path: OsString = env::join_paths(own.into_iter().chain(env::split_paths(&inherited)))?;
        let mut command = Command::new("/bin/sh");
        command
            .arg(folder().join(name))
            .current_dir(work)
            .env("PATH", path)
            .env("CLIENTS", folder())
            .env("DOCUMENT", root().join("docs/openapi.json"))
            .env("NODE_MODULES", self.folder.join("node_modules"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }
}

fn install(pins: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for name in PINS {
        fs::copy(pins.join(name), folder.join(name))?;
    }
    let python = folder.join("venv");
    environment(&python)?;
    run(Command::new(python.join("bin/pip"))
        .args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(folder.join("requirements.txt")))?;
    run(Command::new(node::npm()?)
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel",
            "error",
        ])
        .current_dir(folder))?;
    Ok(fs::write(folder.join("installed"), "")?)
}
