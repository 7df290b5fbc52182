//! The client's address. Only the peer's own address is certain. Each hop in a header counts if the
//! proxy that wrote it is trusted, read from the nearest hop outwards.

mod forwarded;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

/// The client's address as an extension of a request; `None` = unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header that trusted proxies write. A proxy that writes one of the two forwards the client's
/// own version of the other, so only the deployment knows which one to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyHeader {
    /// Either header; if both are present, they must agree. If a client can make its proxy leave
    /// the proxy's own header out, the client's other header is trusted.
    #[default]
    Auto,
    /// Only `X-Forwarded-For`.
    XForwardedFor,
    /// Only `Forwarded` (RFC 7239).
    Forwarded,
}

/// The client's address in canonical form (an IPv4-mapped one as IPv4); `None` if it is unknown.
///
/// A peer that is not a trusted proxy is the client, whatever its headers say. Behind a trusted
/// proxy, several lines of the trusted header are joined in their order, and its hops are read from
/// the right. The first hop that is not a trusted proxy is the client. The address is unknown if
/// the header is missing, if its hops end before that, if a hop on the way cannot be parsed, or if
/// either header may be trusted and the two lead to different addresses.
#[must_use]
pub fn client_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &[IpNet],
    believed: ProxyHeader,
) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    if !is_trusted(peer, trusted) {
        return Some(peer);
    }
    let said = |name: HeaderName, hops: Hops| {
        headers
            .contains_key(&name)
            .then(|| walk(&joined(headers, &name)?, hops, trusted))
    };
    let forwarded = || said(header::FORWARDED, forwarded::hops);
    let x_forwarded_for = || said(X_FORWARDED_FOR, listed);
    match believed {
        ProxyHeader::Forwarded => forwarded().flatten(),
        ProxyHeader::XForwardedFor => x_forwarded_for().flatten(),
        ProxyHeader::Auto => match (forwarded(), x_forwarded_for()) {
            (Some(one), Some(other)) => one.filter(|_| one == other),
            (one, other) => one.or(other).flatten(),
        },
    }
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// All lines of a header as one, in their order (RFC 9110, section 5.3).
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Result<Vec<_>, _> = headers
        .get_all(name)
        .iter()
        .map(|line| line.to_str())
        .collect();
    Some(lines.ok()?.join(","))
}

/// Parses the hops of a header, the nearest last; `None` if it breaks the grammar.
type Hops = fn(&str) -> Option<Vec<String>>;

fn walk(text: &str, hops: Hops, trusted: &[IpNet]) -> Option<IpAddr> {
    for hop in hops(text)?.iter().rev() {
        let address = parse(hop)?;
        if !is_trusted(address, trusted) {
            return Some(address);
        }
    }
    None
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "of one shape with the other header's reader, which can fail"
)]
fn listed(text: &str) -> Option<Vec<String>> {
    let hops = text
        .split(',')
        .map(|hop| hop.trim_matches([' ', '\t']).to_owned());
    Some(hops.collect())
}

/// Parses an address, with or without a port; IPv6 in brackets or bare. Names, `unknown` and zones
/// are not addresses.
fn parse(hop: &str) -> Option<IpAddr> {
    let bracketed = || {
        hop.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<Ipv6Addr>()
            .ok()
    };
    let address = hop
        .parse::<IpAddr>()
        .ok()
        .or_else(|| bracketed().map(IpAddr::V6))
        .or_else(|| with_port(hop))?;
    Some(address.to_canonical())
}

fn with_port(hop: &str) -> Option<IpAddr> {
    match hop.parse::<SocketAddr>().ok()? {
        SocketAddr::V6(address) if address.scope_id() != 0 => None,
        address => Some(address.ip()),
    }
}

#[cfg(test)]
#[path = "client_address/tests.rs"]
mod tests;
