//! The release build.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

use super::source::Source;
use crate::step::{cargo, output, root, run};

/// Builds the binary, without the paths of this machine, and copies it to `file`.
pub(super) fn build(source: &Source, work: &Path, file: &Path) -> Result<()> {
    let mut build = cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "countersign-app",
    ]);
    source.fixed(&mut build);
    build
        .env("GIT_COMMIT", &source.commit)
        .env("CARGO_TARGET_DIR", work);
    let (rust, c) = prefixes()?;
    build.env("CARGO_ENCODED_RUSTFLAGS", rust).env("CFLAGS", c);
    run(&mut build)?;
    fs::copy(work.join("release/countersign"), file)?;
    let version = output(Command::new(file).arg("--version"))?;
    let wanted = format!("countersign {} ({})", source.version, source.commit);
    ensure!(
        version == wanted,
        "--version shows {version:?}, and not {wanted:?}"
    );
    Ok(())
}

/// Lets the binary write its man pages and completions beside itself, where cargo-deb looks.
pub(super) fn documents(work: &Path, file: &Path) -> Result<()> {
    let folder = work.join("release/documents");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let pages = folder.join("man");
    fs::create_dir_all(&pages)?;
    let here = || {
        let mut command = Command::new(file);
        // No configuration file and no proxy setting of this machine counts there.
        command.current_dir(&folder).env_clear();
        command
    };
    run(here().arg("man").arg(&pages))?;
    for (shell, name) in [
        ("bash", "countersign"),
        ("zsh", "_countersign"),
        ("fish", "countersign.fish"),
    ] {
        let script = output(here().args(["completions", shell]))?;
        fs::create_dir_all(folder.join(shell))?;
        fs::write(folder.join(shell).join(name), script + "\n")?;
    }
    Ok(())
}

/// The flags for both compilers that put fixed names in place of the folders of this machine.
fn prefixes() -> Result<(OsString, OsString)> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let home = home.context("there is no home folder")?;
    let (mut rust, mut c) = (OsString::new(), OsString::new());
    for (folder, name) in [(root(), "=/source"), (home, "=/cargo")] {
        // The encoded form separates flags by this character, so that a path may have blanks.
        let between = if rust.is_empty() { "" } else { "\u{1f}" };
        for (flags, flag) in [
            (&mut rust, format!("{between}--remap-path-prefix=")),
            (&mut c, " -ffile-prefix-map=".to_owned()),
        ] {
            flags.push(flag);
            flags.push(&folder);
            flags.push(name);
        }
    }
    Ok((rust, c))
}
