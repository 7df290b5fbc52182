//! `promtool`, which is part of Prometheus and checks files for it.

use std::process::Command;

use anyhow::Result;

use crate::prerequisites::{ensure_installed, program};

/// `promtool`, without arguments yet.
///
/// # Errors
/// Fails if there is none and none may be installed; the error says what to install.
pub fn promtool() -> Result<Command> {
    let program = ensure_installed(
        || program("promtool", &["/usr/local/bin", "/opt/homebrew/bin"]),
        &["prometheus"],
        "no promtool found. Install Prometheus (Debian, Ubuntu: `sudo apt-get install prometheus`; \
         macOS: `brew install prometheus`)",
    )?;
    Ok(Command::new(program))
}
