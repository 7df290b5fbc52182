//! A request's span, for whoever follows a call through several services. Where nobody does, there is none: a check
//! pays for it with one look at a setting.
//!
//! Names are those of the HTTP semantic conventions of OpenTelemetry. The path that was sent stays out, though they ask
//! for it, and so do the query and all headers: each may hold a secret. The route tells enough.

use axum::http::HeaderMap;
use tracing::{Span, field::Empty};

use crate::{request_context::RequestContext, state::ApiState};

/// The target of everything that is meant for traces, at the level of debugging.
pub const TRACES: &str = "countersign::trace";

/// The span of a request that is answered; `None` where no traces are wanted.
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

/// What a method is called in a span's name.
fn named(method: &str) -> &str {
    if method == "other" { "HTTP" } else { method }
}

/// Notes what came of the request.
pub(crate) fn end(
    app: &ApiState,
    span: &Span,
    method: &str,
    route: &str,
    status: u16,
    exchange: &RequestContext,
) {
    span.record("http.response.status_code", i64::from(status));
    // A dash where none answered.
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
