//! Programs that outside tools need and that distributions have: npm, and Java.

use std::path::PathBuf;

use anyhow::Result;

use crate::prerequisites::{ensure_installed, program};

/// npm, which includes Node.js.
///
/// # Errors
/// Fails if there is none and none may be installed; the error says what to install.
pub fn npm() -> Result<PathBuf> {
    ensure_installed(
        || program("npm", &[]),
        &["npm"],
        "no npm on the search path. Install it (Debian, Ubuntu: `sudo apt-get install npm`; Fedora: `sudo dnf \
         install nodejs-npm`; macOS: `brew install node`)",
    )
}

/// Java's launcher.
///
/// # Errors
/// Fails if there is none and none may be installed; the error says what to install.
pub fn java() -> Result<PathBuf> {
    ensure_installed(
        || program("java", &[]),
        &["default-jre-headless"],
        "no java on the search path. Install it (Debian, Ubuntu: `sudo apt-get install default-jre-headless`; Fedora: \
         `sudo dnf install java-latest-openjdk-headless`; macOS: `brew install openjdk`)",
    )
}
