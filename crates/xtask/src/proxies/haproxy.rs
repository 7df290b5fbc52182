//! `HAProxy` from a distribution.

use std::net::SocketAddr;

use anyhow::Result;

use super::{Proxy, USUAL};
use crate::prerequisites::{ensure_installed, program};

/// `HAProxy` with this configuration, which loads the script as `countersign.lua`.
///
/// # Errors
/// As [`super::nginx()`].
pub fn haproxy(configuration: &str, script: &str, address: SocketAddr) -> Result<Proxy> {
    let program = ensure_installed(
        || program("haproxy", &USUAL),
        &["haproxy"],
        "no HAProxy found. Install it (Debian, Ubuntu: `sudo apt-get install haproxy`; \
         Fedora: `sudo dnf install haproxy`; macOS: `brew install haproxy`)",
    )?;
    let files = [("haproxy.cfg", configuration), ("countersign.lua", script)];
    Proxy::start(&program, &["-db", "-f", "haproxy.cfg"], &files, address)
}
