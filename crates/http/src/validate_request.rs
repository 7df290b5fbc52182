//! Validation of requests that RFC 9112 demands and hyper leaves to the service: one valid `Host`,
//! and no transfer coding but `chunked`. It also normalises equivalent paths (RFC 3986) before
//! anything is looked up by them.

use std::net::Ipv6Addr;

use axum::http::{
    HeaderMap, HeaderValue, Method, Request, Uri, Version, header,
    uri::{Authority, PathAndQuery},
};

use crate::problem::{Code, FieldError, Problem};

/// The reason why a request is refused whatever it asks for; an extension of the request.
#[derive(Debug, Clone)]
pub(crate) struct InvalidRequest(pub(crate) Problem);

/// Normalises the request's target, and records on the request if it is not valid. The service
/// refuses it later, so that the answer has a request id and a log line.
pub(crate) fn validate<B>(request: &mut Request<B>) {
    normalize_path(request.uri_mut());
    let checked = check_transfer_coding(request.headers()).and_then(|()| check_host(request));
    if let Err(problem) = checked {
        let invalid = InvalidRequest(problem.closing());
        request.extensions_mut().insert(invalid);
    }
}

/// A coding other than `chunked` would leave a body that nothing here decodes (RFC 9112, section
/// 6.1).
fn check_transfer_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut lines = headers.get_all(header::TRANSFER_ENCODING).iter();
    let known = match (lines.next(), lines.next()) {
        (None, _) => true,
        (Some(line), None) => line.as_bytes().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    };
    known.then_some(()).ok_or_else(|| {
        let detail = "The only transfer coding that is decoded is chunked, once.";
        Problem::new(Code::UnsupportedTransferCoding, detail)
    })
}

/// Checks `Host` (RFC 9112, section 3.2). If the target has an authority, that counts, and `Host`
/// is set to it: in the absolute form (section 3.2.2), and with `:authority` in HTTP/2.
fn check_host<B>(request: &mut Request<B>) -> Result<(), Problem> {
    let mut lines = request.headers().get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (_, Some(_)) => return Err(invalid_host("several-values", "it can be given only once")),
        (Some(line), None) if !line.to_str().is_ok_and(is_authority) => {
            let detail = "a host name or an address is expected, with or without a port";
            return Err(invalid_host("invalid-value", detail));
        }
        (None, None) if request.version() == Version::HTTP_11 => {
            return Err(invalid_host("missing-parameter", "it is required"));
        }
        _ => {}
    }
    if request.method() == Method::CONNECT {
        return Ok(());
    }
    let named = request.uri().authority().map(Authority::as_str);
    let named = match named {
        None => return Ok(()),
        Some(named) => is_authority(named).then(|| HeaderValue::from_str(named).ok()),
    };
    let host = named.flatten().ok_or_else(|| {
        let detail = "the target names no valid host";
        invalid_host("invalid-value", detail)
    })?;
    request.headers_mut().insert(header::HOST, host);
    Ok(())
}

fn invalid_host(code: &'static str, detail: &str) -> Problem {
    Problem::invalid_parameters(vec![FieldError::in_parameter("Host", code, detail)])
}

/// Whether the text is `uri-host [":" port]` (RFC 9110, section 7.2) with a host that is not empty.
fn is_authority(text: &str) -> bool {
    let (valid, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let Some((literal, rest)) = bracketed.split_once(']') else {
            return false;
        };
        (literal.parse::<Ipv6Addr>().is_ok(), rest)
    } else {
        let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        (is_registered_name(name.as_bytes()), port)
    };
    valid && port.strip_prefix(':').map_or(port.is_empty(), is_port)
}

/// Whether the text is a port; it may be empty after its colon (RFC 3986, section 3.2.3).
fn is_port(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text.is_empty() || text.parse::<u16>().is_ok())
}

/// Whether the text is a registered name (RFC 3986, section 3.2.2).
fn is_registered_name(mut name: &[u8]) -> bool {
    let filled = !name.is_empty();
    while let Some((first, rest)) = name.split_first() {
        name = match first {
            b'%' if octet(rest).is_some() => &rest[2..],
            byte if is_unreserved(*byte) || b"!$&'()*+,;=".contains(byte) => rest,
            _ => return false,
        };
    }
    filled
}

/// Whether the character means the same with and without percent-encoding (RFC 3986, section 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// The octet of the two hexadecimal digits after a percent sign.
fn octet(behind: &[u8]) -> Option<u8> {
    let [high, low, ..] = *behind else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Decodes unreserved characters of the path (RFC 3986, section 6.2.2.2). All others stay encoded:
/// `%2F` is not a slash, and `%25` begins no further code.
fn normalize_path(uri: &mut Uri) {
    let Some(path) = decoded(uri.path()) else {
        return;
    };
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    // Unreserved characters are allowed in every path, so neither step fails.
    parts.path_and_query = PathAndQuery::try_from(target).ok();
    if let Ok(normal) = Uri::from_parts(parts) {
        *uri = normal;
    }
}

/// The path with its unreserved characters decoded; `None` if they already are.
fn decoded(path: &str) -> Option<String> {
    let mut normal = String::new();
    let (mut rest, mut changed) = (path, false);
    while let Some(at) = rest.find('%') {
        let unreserved = octet(&rest.as_bytes()[at + 1..]).filter(|byte| is_unreserved(*byte));
        let end = if let Some(byte) = unreserved {
            normal.push_str(&rest[..at]);
            normal.push(char::from(byte));
            changed = true;
            at + 3
        } else {
            normal.push_str(&rest[..=at]);
            at + 1
        };
        rest = &rest[end..];
    }
    normal.push_str(if changed { rest } else { "" });
    changed.then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for valid in [
            "a",
            "a:80",
            "a:",
            "a_b.example",
            "192.0.2.1:1",
            "[::1]",
            "[::1]:8080",
            "%C3%A4",
            "a,b",
        ] {
            assert!(is_authority(valid), "{valid}");
        }
        for invalid in [
            "", ":80", "a b", "a@b", "a:b", "a:80:80", "a:65536", "a:-1", "a:+1", "::1", "[::1",
            "[::1]x", "[x]", "[]", "a/b", "a?b", "a#b", "%", "%4", "%zz", "\u{e4}", "a\"",
            "http://a",
        ] {
            assert!(!is_authority(invalid), "{invalid}");
        }
    }

    #[test]
    fn unreserved_characters_alone_are_decoded_and_once() {
        for (path, expected) in [
            ("/%61uth", Some("/auth")),
            ("/%41%5a%5F%7e%2D%2e", Some("/AZ_~-.")),
            ("/a%2Fb%61", Some("/a%2Fba")),
            ("/%2561", None),
            ("/a%2Fb%20%C3%A4", None),
            ("/%", None),
            ("/%6", None),
            ("/%6g%61", Some("/%6ga")),
            ("/a", None),
        ] {
            assert_eq!(decoded(path).as_deref(), expected, "{path}");
            let mut uri: Uri = format!("{path}?x=%61").parse().unwrap();
            normalize_path(&mut uri);
            let normal = format!("{}?x=%61", expected.unwrap_or(path));
            assert_eq!(uri.to_string(), normal);
        }
    }

    #[test]
    fn a_target_that_names_its_authority_stands_for_host() {
        let host = |version, uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().version(version).uri(uri);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            let mut request = request.body(()).unwrap();
            validate(&mut request);
            let valid = request.extensions().get::<InvalidRequest>().is_none();
            let host = request.headers().get(header::HOST).cloned();
            valid.then(|| host.map(|host| host.to_str().unwrap().to_owned()))
        };
        let named = |name: &str| Some(Some(name.to_owned()));
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        assert_eq!(host(new, "/", &["a"]), named("a"));
        assert_eq!(host(new, "http://b/", &["a"]), named("b"));
        assert_eq!(host(new, "http://b/", &[]), None);
        assert_eq!(host(new, "http://u@b/", &["b"]), None);
        assert_eq!(host(new, "/", &["a", "a"]), None);
        assert_eq!(host(new, "/", &[]), None);
        assert_eq!(host(old, "/", &[]), Some(None));
        assert_eq!(host(old, "/", &["a", "a"]), None);
        assert_eq!(host(old, "/", &["a b"]), None);
        assert_eq!(host(Version::HTTP_2, "https://b/", &[]), named("b"));
        assert_eq!(host(Version::HTTP_2, "https://b/", &["b", "b"]), None);
    }
}
