//! The console's cookie: a random id that means nothing by itself. Before the sign-in it ties a
//! form to the browser that got it; the sign-in replaces it by another, so that nobody can know a
//! session's id beforehand.

use axum::http::{HeaderMap, HeaderValue, header};
use countersign_application::SessionId;

/// The browser binds this name to its host (RFC 6265bis, section 4.1.3.2), which requires TLS.
const OVER_TLS: &str = "__Host-countersign";
/// The name without TLS, on the machine itself or in a network without TLS.
const PLAIN: &str = "countersign";

/// The id that a browser sends. An id that is sent twice is ignored: somebody else may have set one
/// of the two.
pub(crate) fn sent(headers: &HeaderMap, secure: bool) -> Option<SessionId> {
    let wanted = name(secure);
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.filter_map(|line| line.to_str().ok());
    let mut found = pairs
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(value), None) => SessionId::parse(value).ok(),
        _ => None,
    }
}

/// Gives a browser an id, until it is closed or the server ends the session.
pub(crate) fn set(id: &SessionId, secure: bool) -> Option<HeaderValue> {
    let (name, attributes) = (name(secure), attributes(secure));
    sensitive(&format!("{name}={}; {attributes}", id.expose()))
}

/// Removes the id.
pub(crate) fn remove(secure: bool) -> Option<HeaderValue> {
    let (name, attributes) = (name(secure), attributes(secure));
    sensitive(&format!("{name}=; Max-Age=0; {attributes}"))
}

fn name(secure: bool) -> &'static str {
    if secure { OVER_TLS } else { PLAIN }
}

fn attributes(secure: bool) -> &'static str {
    if secure {
        "Path=/; HttpOnly; SameSite=Strict; Secure"
    } else {
        "Path=/; HttpOnly; SameSite=Strict"
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> SessionId {
        SessionId::from_random(&[n; 32])
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        let line = |line: &&str| (header::COOKIE, line.parse().unwrap());
        lines.iter().map(line).collect()
    }

    #[test]
    fn what_was_set_comes_back_among_others() {
        for secure in [false, true] {
            let line = set(&id(1), secure).unwrap();
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let back = sent(&headers(&[&format!("theme=dark; {pair}; x=y")]), secure);
            assert_eq!(back.unwrap().expose(), id(1).expose());
            assert!(sent(&headers(&[pair]), !secure).is_none(), "{pair}");
        }
    }

    #[test]
    fn two_of_a_name_and_what_is_no_id_are_none() {
        let pair = |n| format!("countersign={}", id(n).expose());
        assert!(sent(&headers(&[&pair(1), &pair(2)]), false).is_none());
        assert!(sent(&headers(&[&format!("{}; {}", pair(1), pair(1))]), false).is_none());
        for none in ["countersign=", "countersign=x", "countersign", ""] {
            assert!(sent(&headers(&[none]), false).is_none(), "{none}");
        }
    }

    #[test]
    fn no_script_and_no_other_site_gets_at_it() {
        let secure = set(&id(1), true).unwrap();
        let text = secure.to_str().unwrap();
        assert!(text.starts_with("__Host-countersign="));
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"));
        assert!(secure.is_sensitive());
        let plain = set(&id(1), false).unwrap();
        assert!(
            plain
                .to_str()
                .unwrap()
                .ends_with("; Path=/; HttpOnly; SameSite=Strict")
        );
    }
}
