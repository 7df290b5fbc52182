//! Whether others on the network could read or redirect the connection to the server.

use std::{net::IpAddr, str::FromStr as _};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// Whether the connection of this URL leads over a network without verifying the server's
/// certificate against its name. The library parses the URL, because it takes missing parts from
/// the environment (`PGHOST`, `PGSSLMODE`). A URL that it cannot parse is never connected to.
#[must_use]
pub fn is_exposed(url: &str) -> bool {
    PgConnectOptions::from_str(url).is_ok_and(|options| {
        !is_local(&options) && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)
    })
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
