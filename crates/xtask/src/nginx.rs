//! nginx as a distribution ships it, so that what is promised of a real proxy is asked of a real proxy.
//!
//! A stand-in would do with headers what we think that nginx does. Installed where that is ours to do, and else words
//! that say what to type.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::process::{Guarded, poll};
use crate::wanted::{program, wanted};

const PROGRAM: &str = "nginx";
/// What may be missing from a build that somebody made for themselves.
const MODULE: &str = "http_auth_request_module";
/// Distributions keep it off the search path of users who are not root.
const USUAL: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
const LIMIT: Duration = Duration::from_secs(10);

/// A running nginx; dropping it ends all of its processes and removes its folder.
#[derive(Debug)]
pub struct Nginx {
    // Dropped before the folder, so that nobody writes into it while it goes.
    master: Guarded,
    folder: TempDir,
}

impl Nginx {
    /// Starts it with `site` inside of its `http` block, in the foreground and in a folder of its own, and waits until
    /// it listens on `address`, which the site has to name.
    ///
    /// # Errors
    /// Where there is none and none may be installed: what to install. Where it refuses the configuration or does not
    /// listen within 10 seconds: its own words.
    pub fn start(site: &str, address: SocketAddr) -> Result<Self> {
        let program = found()?;
        let folder = tempfile::Builder::new()
            .prefix("countersign-nginx-")
            .tempdir()?;
        // The workers give up root, and have to reach what is put aside here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        fs::write(folder.path().join("nginx.conf"), frame(site))?;
        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .args(["-g", "daemon off;"])
            .stdout(fs::File::create(folder.path().join("printed"))?)
            .stderr(fs::File::create(folder.path().join("complained"))?);
        let master = Guarded::spawn(command, Some(folder.path()))?;
        let mut nginx = Self { master, folder };
        let listens = poll(LIMIT, || {
            if nginx.master.exited()?.is_some() {
                bail!("nginx ended at once:\n{}", nginx.log());
            }
            Ok(TcpStream::connect(address).ok())
        })?;
        ensure!(
            listens.is_some(),
            "nginx did not listen on {address} in time:\n{}",
            nginx.log()
        );
        Ok(nginx)
    }

    /// All that it has complained of.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name| fs::read(self.folder.path().join(name)).unwrap_or_default();
        let both = [read("complained"), read("error.log")].concat();
        String::from_utf8_lossy(&both).into_owned()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed outright, the master would leave its workers behind.
        if self.master.signal(Signal::SIGTERM).is_ok() {
            let _ = self.master.wait_within(LIMIT);
        }
    }
}

/// What surrounds a site on a server: files in the folder alone, and processes as in earnest.
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
    let program = wanted(
        || program(PROGRAM, &USUAL),
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::cluster::free_port;
    use crate::process::children;

    #[test]
    fn it_runs_as_a_master_with_workers_and_leaves_none_of_them() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let site = format!("server {{ listen {address}; return 204; }}");
        let nginx = Nginx::start(&site, address).unwrap();
        let folder = nginx.folder.path().to_owned();
        let workers = poll(LIMIT, || {
            let children = children(nginx.master.pid())?;
            Ok((children.len() == 2).then_some(children))
        });
        assert!(workers.unwrap().is_some());
        drop(nginx);
        assert!(TcpStream::connect(address).is_err());
        assert!(!folder.exists());
    }

    #[test]
    fn a_configuration_that_it_refuses_is_an_error_with_its_words() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let error = Nginx::start("serve;", address).unwrap_err().to_string();
        assert!(error.contains(r#"unknown directive "serve""#), "{error}");
    }
}
