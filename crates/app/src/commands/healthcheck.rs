//! Health check of the service on this machine, for containers without another client.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::reachable::reachable;

/// The time-out. A ready service answers at once; one whose database is slow is not ready.
const LIMIT: Duration = Duration::from_secs(3);

/// Asks at the address on which the service listens.
///
/// # Errors
/// Fails if the service does not answer in time, or is not ready.
pub(super) fn ask(listen: SocketAddr) -> Result<()> {
    ensure!(
        listen.port() != 0,
        "port 0 was chosen by the system: give the real one with --listen"
    );
    let address = reachable(listen);
    let status = status(address).with_context(|| format!("no answer from {address}"))?;
    match &status {
        b"HTTP/1.1 200" => Ok(()),
        other => bail!("{address} is not ready: {}", String::from_utf8_lossy(other)),
    }
}

/// The beginning of the answer, whose length is fixed (RFC 9112, section 4).
fn status(address: SocketAddr) -> Result<[u8; 12]> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(
        stream,
        "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(status)
}
