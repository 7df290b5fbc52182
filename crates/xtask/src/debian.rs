//! Programs of Debian that make packages and try them.

use std::process::Command;

use anyhow::Result;

use crate::prerequisites::{ensure_installed, program};

/// A program without arguments yet, from this Debian package.
///
/// # Errors
/// Fails if there is none and none may be installed; the error says what to install.
pub fn debian(name: &str, package: &str) -> Result<Command> {
    let advice = format!("no {name} found. Install it: `sudo apt-get install {package}`");
    let found = ensure_installed(
        || program(name, &["/usr/sbin", "/sbin"]),
        &[package],
        &advice,
    )?;
    Ok(Command::new(found))
}
