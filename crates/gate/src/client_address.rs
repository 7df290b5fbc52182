//! Where a request comes from. Only the peer's own address is certain; what a header says is believed as far as each
//! hop that wrote it is a proxy that the deployment trusts, read from the nearest hop outwards.

mod forwarded;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

/// The client's address, as whoever found it hands it on in a request's extensions; `None` = it could not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header that trusted proxies write. A proxy that writes one of the two hands the client's own version of the
/// other on, so only the deployment knows which one is the proxy's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyHeader {
    /// Whichever is there; where both are, they have to agree. A client that makes its proxy leave the proxy's own
    /// header out is believed with the other one.
    #[default]
    Auto,
    /// `X-Forwarded-For` alone.
    XForwardedFor,
    /// `Forwarded` (RFC 7239) alone.
    Forwarded,
}

/// The client's address in canonical form (an IPv4-mapped one as IPv4); `None` where it cannot be told.
///
/// A peer that is no trusted proxy is the client, whatever its headers say. Behind a trusted proxy, the hops of the
/// header that is believed, several lines joined in their order, are walked from the right past trusted ones; the
/// first other one is the client. The address is unknown where the header is missing, where its hops end before that,
/// where one on the way cannot be read, and where either header may be believed and both lead to different addresses.
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

/// The hops that a header names, the nearest last; `None` where it cannot be taken apart.
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

/// An address, with or without a port; IPv6 in brackets or bare. Names, `unknown` and zones are none.
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
