//! `promtool`, which comes with Prometheus: the judge of what Prometheus is to read.

use std::process::Command;

use anyhow::Result;

use crate::prerequisites::{ensure_installed, program};

/// `promtool`, without arguments yet.
///
/// # Errors
/// Where there is none and none may be installed: what to install.
pub fn promtool() -> Result<Command> {
    let program = ensure_installed(
        || program("promtool", &["/usr/local/bin", "/opt/homebrew/bin"]),
        &["prometheus"],
        "no promtool found. Install Prometheus (Debian, Ubuntu: `sudo apt-get install prometheus`; \
         macOS: `brew install prometheus`)",
    )?;
    Ok(Command::new(program))
}
