//! Cross-origin calls by scripts of other pages (Fetch, "CORS protocol"). The origins are exact,
//! and a browser sends no cookie: a script presents a token like any other client.
//!
//! Paths that are not listed here allow no other origin. The console is for its own pages. Proxies
//! call `/auth` with the method and headers of other requests: if an OPTIONS there were treated as
//! a preflight, it would let a request through that nobody checked.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, header},
    response::Response,
};
use countersign_gate::TokenHeaders;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::{AllowOrigin, Cors, CorsLayer};

use crate::request_context::REQUEST_ID;

/// The prefixes of paths that other origins may call.
const OPEN: [&str; 5] = [
    "/api/",
    "/health/",
    "/oauth2/",
    "/problems/",
    "/.well-known/",
];

/// The time for which a browser caches the answer to a preflight; the smallest of the bounds that
/// browsers set.
const MAX_AGE: Duration = Duration::from_mins(10);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Adds the headers for other origins.
#[derive(Debug, Clone)]
pub(crate) struct CrossOrigin(CorsLayer);

impl CrossOrigin {
    /// Creates the layer for these origins; `None` if there are none. An entry that is not an
    /// origin is left out: no origin equals it.
    pub(crate) fn new(origins: &[String], token_headers: &TokenHeaders) -> Option<Self> {
        let origins = origins.iter().filter(|origin| *origin != "*");
        let origins: Vec<HeaderValue> = origins.filter_map(|origin| origin.parse().ok()).collect();
        if origins.is_empty() {
            return None;
        }
        let mut sent = vec![
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            IDEMPOTENCY_KEY,
            LAST_EVENT_ID,
            REQUEST_ID,
            TRACEPARENT,
            TRACESTATE,
        ];
        sent.extend_from_slice(token_headers.names());
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::DELETE,
            ])
            .allow_headers(sent)
            .expose_headers([
                header::AGE,
                header::ETAG,
                header::LOCATION,
                header::RETRY_AFTER,
                header::WWW_AUTHENTICATE,
                RATE_LIMIT,
                RATE_LIMIT_POLICY,
                REQUEST_ID,
            ])
            .max_age(MAX_AGE);
        Some(Self(layer))
    }

    /// Whether the answer depends on the origin, because its path is open to others.
    pub(crate) fn concerns(request: &Request) -> bool {
        let path = request.uri().path();
        OPEN.iter().any(|start| path.starts_with(start))
    }

    /// Wraps the service, so that a script of an allowed origin can read its answers.
    pub(crate) fn around<S>(&self, service: S) -> Cors<S> {
        self.0.layer(service)
    }

    /// The answer to a preflight, which carries no credential.
    pub(crate) async fn preflight(self, request: Request) -> Response {
        let nothing =
            service_fn(async |_: Request| Ok::<_, Infallible>(Response::new(Body::empty())));
        let Ok(response) = self.around(nothing).oneshot(request).await;
        response
    }
}

/// Whether the request is a preflight (Fetch, "CORS-preflight fetch"); any other OPTIONS is a
/// method that no route has.
pub(crate) fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
