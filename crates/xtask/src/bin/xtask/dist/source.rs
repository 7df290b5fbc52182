//! The commit that packages are made from.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::step::{cargo, output, root, run};

/// A commit, and its instant in seconds since 1970.
pub(super) struct Source {
    pub(super) version: String,
    /// With the suffix `-dirty` if the tree differs from it.
    pub(super) commit: String,
    pub(super) time: String,
}

impl Source {
    pub(super) fn read() -> Result<Self> {
        let mut commit = output(git().args(["rev-parse", "HEAD"]))?;
        let time = output(git().args(["log", "-1", "--format=%ct"]))?;
        if !output(git().args(["status", "--porcelain"]))?.is_empty() {
            commit.push_str("-dirty");
        }
        let id = output(&mut cargo(&[
            "pkgid",
            "--package",
            "countersign-app",
            "--offline",
        ]))?;
        let version = id
            .rsplit_once(['@', '#'])
            .context("cargo names no version")?
            .1;
        Ok(Self {
            version: version.to_owned(),
            commit,
            time,
        })
    }

    /// Gives a command the instant of the commit in place of the clock's.
    pub(super) fn fixed<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("SOURCE_DATE_EPOCH", &self.time)
    }

    /// A copy of the tracked files.
    pub(super) fn copy() -> Result<TempDir> {
        let folder = tempfile::Builder::new().prefix("source-").tempdir()?;
        let mut prefix = folder.path().as_os_str().to_owned();
        prefix.push("/");
        let mut copy = git();
        copy.args(["checkout-index", "--all", "--prefix"])
            .arg(Path::new(&prefix));
        run(&mut copy)?;
        Ok(folder)
    }
}

fn git() -> Command {
    let mut git = Command::new("git");
    // In a container the tree often belongs to somebody else.
    git.current_dir(root()).args(["-c", "safe.directory=*"]);
    git
}
