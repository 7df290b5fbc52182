//! Caddy from a distribution.

use std::net::SocketAddr;

use anyhow::Result;

use super::{Proxy, USUAL};
use crate::prerequisites::{ensure_installed, program};

/// Options that keep it apart from another Caddy on the machine.
const ALONE: &str = "{\n\tadmin off\n}\n";

/// Caddy with this Caddyfile, which has no global options.
///
/// # Errors
/// As [`super::nginx()`].
pub fn caddy(caddyfile: &str, address: SocketAddr) -> Result<Proxy> {
    let program = ensure_installed(
        || program("caddy", &USUAL),
        &["caddy"],
        "no Caddy found. Install it (Debian, Ubuntu: `sudo apt-get install caddy`; \
         Fedora: `sudo dnf install caddy`; macOS: `brew install caddy`)",
    )?;
    let whole = format!("{ALONE}{caddyfile}");
    let arguments = ["run", "--config", "Caddyfile"];
    Proxy::start(&program, &arguments, &[("Caddyfile", &whole)], address)
}
