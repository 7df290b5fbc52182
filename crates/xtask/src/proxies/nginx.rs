//! nginx from a distribution.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use super::{Proxy, USUAL};
use crate::prerequisites::{ensure_installed, program};

/// The module that a custom build may lack.
const MODULE: &str = "http_auth_request_module";

/// nginx with `site` inside of its `http` block.
///
/// # Errors
/// Fails if there is none and none may be installed (the error says what to install), or if it
/// refuses the configuration or does not listen in time (the error has its output).
pub fn nginx(site: &str, address: SocketAddr) -> Result<Proxy> {
    let here = ["-p", ".", "-c", "nginx.conf", "-e", "error.log"];
    let arguments = [&here[..], &["-g", "daemon off;"]].concat();
    Proxy::start(
        &found()?,
        &arguments,
        &[("nginx.conf", &frame(site))],
        address,
    )
}

/// The configuration around a site: files only in the folder, and processes as in production.
fn frame(site: &str) -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let lines = kinds.map(|kind| format!("    {kind}_temp_path {kind};\n"));
    let paths = lines.concat();
    format!(
        "pid nginx.pid;\nworker_processes 2;\nevents {{ worker_connections 256; }}\n\
         http {{\n    access_log off;\n{paths}{site}\n}}\n"
    )
}

fn found() -> Result<PathBuf> {
    let program = ensure_installed(
        || program("nginx", &USUAL),
        &["nginx-light"],
        "no nginx found. Install it (Debian, Ubuntu: `sudo apt-get install nginx-light`; \
         Fedora: `sudo dnf install nginx`; macOS: `brew install nginx`)",
    )?;
    let about = Command::new(&program).arg("-V").output()?.stderr;
    ensure!(
        String::from_utf8_lossy(&about).contains(MODULE),
        "{} was built without {MODULE}",
        program.display()
    );
    Ok(program)
}
