//! Tests of the headers of honest, careless and hostile hops, each with the resulting address.

use super::*;

/// The peer, the header lines, and the resulting address.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    Option<&'static str>,
);

const XFF: &str = "x-forwarded-for";
const FWD: &str = "forwarded";
const CLIENT: Option<&str> = Some("203.0.113.9");

/// `10.0.0.0/8` and `2001:db8:aaaa::/48` are trusted.
#[rustfmt::skip]
const CASES: &[Case] = &[
    // A peer that is not a trusted proxy is the client.
    ("198.51.100.1", &[], Some("198.51.100.1")),
    ("198.51.100.1", &[(XFF, "203.0.113.9")], Some("198.51.100.1")),
    ("198.51.100.1", &[(FWD, "for=203.0.113.9")], Some("198.51.100.1")),
    ("198.51.100.1", &[(XFF, "garbage")], Some("198.51.100.1")),
    ("198.51.100.1", &[(XFF, "10.0.0.1"), (FWD, "for=10.0.0.1")], Some("198.51.100.1")),
    ("::ffff:198.51.100.1", &[], Some("198.51.100.1")),
    ("2001:db8:bbbb::1", &[(XFF, "203.0.113.9")], Some("2001:db8:bbbb::1")),
    // The proxy sends no header, or one that cannot be parsed.
    ("10.0.0.1", &[], None),
    ("10.0.0.1", &[(XFF, "")], None),
    ("10.0.0.1", &[(XFF, "unknown")], None),
    ("10.0.0.1", &[(XFF, "host.example")], None),
    ("10.0.0.1", &[(XFF, "203.0.113.9,")], None),
    ("10.0.0.1", &[(XFF, "203.0.113.9 198.51.100.1")], None),
    ("10.0.0.1", &[(XFF, "010.1.2.3")], None),
    ("10.0.0.1", &[(XFF, "203.0.113")], None),
    ("10.0.0.1", &[(XFF, "203.0.113.9:port")], None),
    ("10.0.0.1", &[(XFF, "203.0.113.9:99999")], None),
    ("10.0.0.1", &[(XFF, "fe80::1%eth0")], None),
    ("10.0.0.1", &[(XFF, "[fe80::1%1]:80")], None),
    ("10.0.0.1", &[(XFF, "[203.0.113.9]")], None),
    ("10.0.0.1", &[("x-real-ip", "203.0.113.9")], None),
    // One hop in each way of writing it.
    ("10.0.0.1", &[(XFF, "203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(XFF, " 203.0.113.9\t")], CLIENT),
    ("10.0.0.1", &[(XFF, "203.0.113.9:4711")], CLIENT),
    ("10.0.0.1", &[(XFF, "::ffff:203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(XFF, "[::ffff:203.0.113.9]:80")], CLIENT),
    ("10.0.0.1", &[(XFF, "2001:db8::9")], Some("2001:db8::9")),
    ("10.0.0.1", &[(XFF, "[2001:db8::9]")], Some("2001:db8::9")),
    ("10.0.0.1", &[(XFF, "[2001:DB8:0::9]:443")], Some("2001:db8::9")),
    ("::ffff:10.0.0.1", &[(XFF, "203.0.113.9")], CLIENT),
    ("2001:db8:aaaa::1", &[(XFF, "203.0.113.9")], CLIENT),
    // Several hops: the part that a client wrote itself is to the left of the part that counts.
    ("10.0.0.1", &[(XFF, "1.1.1.1, 203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(XFF, "garbage, 203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(XFF, "10.9.9.9, 203.0.113.9, 10.0.0.2")], CLIENT),
    ("10.0.0.1", &[(XFF, "203.0.113.9, ::ffff:10.0.0.2, 2001:db8:aaaa::2")], CLIENT),
    ("10.0.0.1", &[(XFF, "203.0.113.9, garbage, 10.0.0.2")], None),
    ("10.0.0.1", &[(XFF, "203.0.113.9,, 10.0.0.2")], None),
    ("10.0.0.1", &[(XFF, "10.0.0.2")], None),
    ("10.0.0.1", &[(XFF, "10.0.0.3, 10.0.0.2")], None),
    ("10.0.0.1", &[(XFF, "1.1.1.1"), (XFF, "203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(XFF, "203.0.113.9"), (XFF, "10.0.0.2")], CLIENT),
    ("10.0.0.1", &[(XFF, "203.0.113.9"), (XFF, "")], None),
    // The standard's header.
    ("10.0.0.1", &[(FWD, "for=203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(FWD, "For=203.0.113.9;proto=https;by=10.0.0.1")], CLIENT),
    ("10.0.0.1", &[(FWD, "proto=https ; for=\"203.0.113.9:80\"")], CLIENT),
    ("10.0.0.1", &[(FWD, "for=\"[2001:db8::9]:80\"")], Some("2001:db8::9")),
    ("10.0.0.1", &[(FWD, "for=\"203.0.113\\.9\"")], CLIENT),
    ("10.0.0.1", &[(FWD, "for=203.0.113.9:80")], CLIENT),
    ("10.0.0.1", &[(FWD, "for=1.1.1.1, for=203.0.113.9, for=10.0.0.2")], CLIENT),
    ("10.0.0.1", &[(FWD, "for=1.1.1.1"), (FWD, "for=203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(FWD, "for=unknown")], None),
    ("10.0.0.1", &[(FWD, "for=_hidden")], None),
    ("10.0.0.1", &[(FWD, "for=203.0.113.9, for=_hidden, for=10.0.0.2")], None),
    ("10.0.0.1", &[(FWD, "for=203.0.113.9, proto=https")], None),
    ("10.0.0.1", &[(FWD, "by=203.0.113.9")], None),
    ("10.0.0.1", &[(FWD, "for=203.0.113.9;for=1.1.1.1")], None),
    ("10.0.0.1", &[(FWD, "for=")], None),
    ("10.0.0.1", &[(FWD, "203.0.113.9")], None),
    ("10.0.0.1", &[(FWD, "for=203.0.113.9 x")], None),
    // An open quote must not swallow the part that the proxy adds.
    ("10.0.0.1", &[(FWD, "for=1.1.1.1;x=\", for=203.0.113.9")], None),
    ("10.0.0.1", &[(FWD, "for=1.1.1.1;x=\", for=\"[2001:db8::9]\"")], None),
    ("10.0.0.1", &[(FWD, "for=1.1.1.1;x=\", for=203.0.113.9;proto=\"https\"")], None),
    // Both headers count if they agree.
    ("10.0.0.1", &[(FWD, "for=203.0.113.9"), (XFF, "203.0.113.9")], CLIENT),
    ("10.0.0.1", &[(FWD, "for=1.1.1.1"), (XFF, "203.0.113.9")], None),
    ("10.0.0.1", &[(FWD, "for=unknown"), (XFF, "203.0.113.9")], None),
    ("10.0.0.1", &[(FWD, "for=203.0.113.9"), (XFF, "")], None),
];

/// The resulting address if the deployment names the header; the other header is then ignored.
#[rustfmt::skip]
const NAMED: &[(ProxyHeader, Case)] = &[
    // The proxy leaves its own header out, and the other one is the client's.
    (ProxyHeader::XForwardedFor, ("10.0.0.1", &[(FWD, "for=203.0.113.9")], None)),
    (ProxyHeader::Forwarded, ("10.0.0.1", &[(XFF, "203.0.113.9")], None)),
    (ProxyHeader::XForwardedFor, ("10.0.0.1", &[(FWD, "for=1.1.1.1"), (XFF, "203.0.113.9")], CLIENT)),
    (ProxyHeader::Forwarded, ("10.0.0.1", &[(FWD, "for=203.0.113.9"), (XFF, "1.1.1.1")], CLIENT)),
    (ProxyHeader::XForwardedFor, ("10.0.0.1", &[(FWD, "for=203.0.113.9"), (XFF, "?")], None)),
    (ProxyHeader::Forwarded, ("10.0.0.1", &[(FWD, "for=?"), (XFF, "203.0.113.9")], None)),
    (ProxyHeader::XForwardedFor, ("10.0.0.1", &[], None)),
    (ProxyHeader::Forwarded, ("10.0.0.1", &[], None)),
    (ProxyHeader::XForwardedFor, ("198.51.100.1", &[(XFF, "203.0.113.9")], Some("198.51.100.1"))),
    (ProxyHeader::Forwarded, ("198.51.100.1", &[(FWD, "for=203.0.113.9")], Some("198.51.100.1"))),
];

#[test]
fn each_set_of_headers_has_its_address() {
    let trusted = ["10.0.0.0/8", "2001:db8:aaaa::/48"].map(|network| network.parse().unwrap());
    let auto = CASES.iter().map(|case| (ProxyHeader::Auto, *case));
    for (believed, (peer, lines, expected)) in auto.chain(NAMED.iter().copied()) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let expected = expected.map(|address| address.parse().unwrap());
        let peer: IpAddr = peer.parse().unwrap();
        let found = client_address(Some(peer), &headers, &trusted, believed);
        assert_eq!(found, expected, "{believed:?} {peer} {lines:?}");
        let alone = client_address(Some(peer), &headers, &[], believed);
        assert_eq!(alone, Some(peer.to_canonical()), "nobody is trusted");
    }
    let nobody = client_address(None, &HeaderMap::new(), &trusted, ProxyHeader::Auto);
    assert_eq!(nobody, None);
}

#[test]
fn bytes_that_are_no_text_make_the_address_unknown() {
    let mut headers = HeaderMap::new();
    headers.append(XFF, http::HeaderValue::from_bytes(b"\xff").unwrap());
    headers.append(XFF, "203.0.113.9".parse().unwrap());
    let trusted = ["10.0.0.0/8".parse().unwrap()];
    assert_eq!(
        client_address(
            "10.0.0.1".parse().ok(),
            &headers,
            &trusted,
            ProxyHeader::Auto
        ),
        None
    );
}
