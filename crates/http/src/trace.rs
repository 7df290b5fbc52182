//! The span of a request, for tracing a call through several services. Without a collector there is
//! none, which costs a check one look at a setting.
//!
//! Names are those of the HTTP semantic conventions of OpenTelemetry. The path that was sent is
//! left out, although they ask for it, and so are the query and all headers: each may hold a
//! secret. The route says enough.

use axum::http::HeaderMap;
use tracing::{Span, field::Empty};

use crate::{request_context::RequestContext, state::ApiState};

/// The target of all spans for traces, at the level `debug`.
pub const TRACES: &str = "countersign::trace";

/// Begins the span of a request; `None` without traces.
pub(crate) fn begin(
    app: &ApiState,
    method: &'static str,
    exchange: &RequestContext,
    headers: &HeaderMap,
) -> Option<Span> {
    let traces = app.settings().traces?;
    let span = tracing::debug_span!(
        target: TRACES,
        "request",
        otel.kind = "server",
        otel.name = named(method),
        otel.status_code = Empty,
        http.request.method = if method == "other" { "_OTHER" } else { method },
        http.route = Empty,
        http.response.status_code = Empty,
        "error.type" = Empty,
        url.scheme = "http",
        client.address = exchange.address.map(tracing::field::display),
        countersign.request.id = exchange.id.as_str(),
        countersign.token.id = Empty,
    );
    (traces.adopt)(&span, headers);
    Some(span)
}

/// The method in a span's name.
fn named(method: &str) -> &str {
    if method == "other" { "HTTP" } else { method }
}

/// Records the result of the request.
pub(crate) fn end(
    app: &ApiState,
    span: &Span,
    method: &str,
    route: &str,
    status: u16,
    exchange: &RequestContext,
) {
    span.record("http.response.status_code", i64::from(status));
    // The route is a dash if none answered.
    if route.starts_with('/') {
        span.record("http.route", route);
        if let Some(traces) = app.settings().traces {
            (traces.rename)(span, format!("{} {route}", named(method)));
        }
    }
    if let Some(actor) = exchange.actor.get() {
        span.record("countersign.token.id", tracing::field::display(actor));
    }
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", tracing::field::display(status));
    }
}
