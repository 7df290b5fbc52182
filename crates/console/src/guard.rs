//! Guards of all pages: headers against other sites, shared caches and injected text, and the
//! answer to requests that another site made a browser send.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{error::PageError, state::ConsoleState};

/// Everything is loaded from here, nothing is inline, and no other page may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Sets the headers on every answer; only answers that are the same for everybody may be cached on
/// the way.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, "clipboard-write=(self)"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses forms of other sites' pages.
pub(crate) async fn own_forms(
    State(app): State<ConsoleState>,
    request: Request,
    next: Next,
) -> Response {
    let public_url = app.public_url.as_deref();
    if request.method() == Method::POST && !may_be_ours(request.headers(), public_url) {
        return PageError::ForeignForm.into_response();
    }
    next.run(request).await
}

/// Whether a browser came here from a page of another site, so that it did not send our cookie.
pub(crate) fn came_from_elsewhere(headers: &HeaderMap) -> bool {
    says(headers, &SEC_FETCH_SITE).is_some_and(|site| site != "same-origin" && site != "none")
}

/// Whether a form may come from one of our own pages, by the headers in which the browser itself
/// names its origin. A browser that sends none (without TLS it leaves the first header out, and our
/// own policy hides the origin) is left to the other two guards: its cookie, which no other site's
/// request carries, and the form's token.
fn may_be_ours(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if let Some(site) = says(headers, &SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) if origin == "null" => true,
        Some(origin) => origin
            .to_str()
            .is_ok_and(|origin| is_own(origin, headers, public_url)),
    }
}

fn is_own(origin: &str, headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let named = public_url.is_some_and(|url| origin.eq_ignore_ascii_case(url));
    let asked = origin
        .split_once("://")
        .zip(says(headers, &header::HOST))
        .is_some_and(|((_, authority), host)| authority.eq_ignore_ascii_case(host));
    named || asked
}

fn says<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_form_of_another_site_is_not_ours() {
        let host = (header::HOST, "tokens.example.com");
        let origin = |value| (header::ORIGIN, value);
        let site = |value| (SEC_FETCH_SITE, value);
        for ours in [
            &[host.clone()][..],
            &[host.clone(), site("same-origin")],
            &[host.clone(), site("same-origin"), origin("null")],
            &[host.clone(), origin("null")],
            &[host.clone(), origin("https://tokens.example.com")],
            &[host.clone(), origin("http://TOKENS.example.com")],
        ] {
            assert!(may_be_ours(&sent(ours), None), "{ours:?}");
        }
        for foreign in [
            &[host.clone(), site("cross-site")][..],
            &[host.clone(), site("same-site")],
            &[host.clone(), site("none")],
            &[
                host.clone(),
                site("cross-site"),
                origin("https://tokens.example.com"),
            ],
            &[host.clone(), origin("https://example.com")],
            &[
                host.clone(),
                origin("https://tokens.example.com.evil.example"),
            ],
            &[host.clone(), origin("https://tokens.example.com:8443")],
            &[origin("https://tokens.example.com")],
        ] {
            assert!(!may_be_ours(&sent(foreign), None), "{foreign:?}");
        }
    }

    #[test]
    fn behind_a_proxy_the_deployments_own_address_is_ours() {
        let headers = sent(&[
            (header::HOST, "10.0.0.7:8080"),
            (header::ORIGIN, "https://tokens.example.com"),
        ]);
        assert!(may_be_ours(&headers, Some("https://tokens.example.com")));
        assert!(!may_be_ours(&headers, Some("https://other.example.com")));
    }
}
