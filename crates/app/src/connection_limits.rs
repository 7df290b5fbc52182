//! Limits of client connections: what the settings ask for, as far as the system allows it.

use std::net::{Ipv4Addr, Ipv6Addr};

use countersign_http::Limits;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{fd_limit, settings::Settings};

/// The limits of the service's listener.
pub(crate) fn of(settings: &Settings) -> Limits {
    let connections = granted(settings);
    let quarter = (connections / 4).max(1);
    Limits {
        per_address: settings.max_connections_per_address.unwrap_or(quarter),
        exempt: exempt(settings),
        ..Limits::new(connections, settings.shutdown_grace)
    }
}

/// Networks that are exempt from the limit per address. Proxies bring many clients. A program on
/// the same machine may too, if it is a proxy that nobody named; and a person on that machine can
/// do more harm than take connections.
fn exempt(settings: &Settings) -> Vec<IpNet> {
    let mut exempt = settings.proxies.trusted.clone();
    exempt.extend(Ipv4Net::new(Ipv4Addr::LOCALHOST, 8).map(IpNet::V4));
    exempt.extend(Ipv6Net::new(Ipv6Addr::LOCALHOST, 128).map(IpNet::V6));
    exempt
}

/// The wanted number of connections, as far as the system allows it.
fn granted(settings: &Settings) -> usize {
    let wanted = settings.max_connections;
    let granted = fd_limit::raised().map_or(wanted, |limit| {
        fd_limit::affordable(wanted, limit, settings.postgres_max_connections)
    });
    if granted < wanted {
        tracing::warn!(
            wanted,
            granted,
            "the system's limit of open files leaves room for fewer clients than \
             max-connections: raise it (ulimit -n, LimitNOFILE=), or lower max-connections"
        );
    }
    granted
}
