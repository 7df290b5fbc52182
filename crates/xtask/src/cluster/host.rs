//! What a cluster needs of the machine: an account, a port, a password.

use std::fs::File;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};
use nix::unistd::{User, geteuid};

/// The account for PostgreSQL if this process is root, as which PostgreSQL refuses to run.
pub(super) fn unprivileged() -> Result<Option<User>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(user));
        }
    }
    bail!(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as"
    )
}

/// A port of 127.0.0.1 that was free a moment ago, and that the kernel gives to no client: below
/// the range for outgoing connections, so that a restart finds it free again even with many
/// clients.
///
/// # Errors
/// Fails if none of a hundred tries is free.
pub fn free_port() -> Result<u16> {
    let mut random = File::open("/dev/urandom")?;
    for _ in 0..100 {
        let mut bytes = [0; 2];
        random.read_exact(&mut bytes)?;
        let port = 20_000 + u16::from_le_bytes(bytes) % 12_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("found no free port on 127.0.0.1")
}

pub(super) fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}
