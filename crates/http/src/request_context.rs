//! Request handling around every route. Properties of all answers are set here once: the request
//! id, the security headers, the one line in the log, and that an error is a problem document.

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use countersign_domain::{RequestId, TokenId, may_hold_secret};
use countersign_gate::Gate;
use futures_util::FutureExt;

use crate::{
    detached::Spans,
    if_match::IfMatch,
    kind::Kind,
    problem::{Code, Problem},
    serve::WatchedBody,
    state::ApiState,
    trace,
    validate_request::InvalidRequest,
};

/// The header of the request id, in requests and answers.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The media type of pages.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// The maximum length of path and query, in bytes.
const LONGEST_URI: usize = 8 * 1024;

/// The context of a request, before its credential is checked.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    /// The request id, which connects the answer, the log and the audit events.
    pub(crate) id: RequestId,
    /// The client's address, if it is known.
    pub(crate) address: Option<IpAddr>,
    /// The token of the caller, once it is known; for the log.
    pub(crate) actor: Arc<OnceLock<TokenId>>,
    /// The spans of the request's work.
    pub(crate) spans: Spans,
}

/// Wraps the handler of a route.
pub(crate) async fn frame(State(app): State<ApiState>, request: Request, next: Next) -> Response {
    // The route is known here, because this wraps each route, and not the routing.
    let route = route_of(&request);
    framed(&app, request, route, |request| {
        let exchange = request.extensions().get::<RequestContext>();
        let caller = exchange.map(|exchange| Arc::clone(&exchange.actor));
        next.run(WatchedBody::noted(request, &caller.unwrap_or_default()))
    })
    .await
}

/// Wraps a handler with everything that all requests share.
pub(crate) async fn framed<F: Future<Output = Response>>(
    app: &ApiState,
    mut request: Request,
    route: Arc<str>,
    inside: impl FnOnce(Request) -> F,
) -> Response {
    let begin = Instant::now();
    let sent = sent_id(request.headers());
    let Some(id) = sent.or_else(|| app.new_request_id()) else {
        tracing::error!("no random bytes for a request id");
        return dress(Problem::internal().into_response(), "-", Kind::Open);
    };
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let mut exchange = RequestContext {
        address: app.gate.client_address(peer, request.headers()),
        id,
        actor: Arc::default(),
        spans: Spans::default(),
    };
    hide(&app.gate, request.headers_mut());
    let method = request.method().clone();
    let known_method = known(&method);
    let kind = Kind::of(request.uri().path());
    let refused = refused(&mut request);
    let if_match = IfMatch::of(&request);
    exchange.spans.log = if CHECKS.contains(&&*route) {
        tracing::debug_span!("request", request_id = exchange.id.as_str())
    } else {
        tracing::info_span!("request", request_id = exchange.id.as_str())
    };
    exchange.spans.trace = trace::begin(app, known_method, &exchange, request.headers());
    request.extensions_mut().insert(exchange.clone());
    let response = if let Some(problem) = refused {
        problem.into_response()
    } else {
        // A panic is answered and logged like everything else.
        let answered = AssertUnwindSafe(inside(request)).catch_unwind();
        let answered = exchange.spans.clone().around(answered).await;
        if_match
            .judge(answered.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
    };
    let refusals = app.refusals();
    let mut response = refusals.limited(response, &exchange, &route);
    // The OAuth endpoints have challenges of their own.
    if let (Some(problem), true) = (response.extensions_mut().get_mut(), kind != Kind::OAuth) {
        Problem::challenge_further(problem, app.gate.token_headers());
    }
    let code = response.extensions().get::<Problem>().map(Problem::slug);
    let response = dress(response, exchange.id.as_str(), kind);

    let status = response.status();
    let took = begin.elapsed();
    app.metrics
        .answered(known_method, &route, status.as_u16(), took);
    if let Some(trace) = &exchange.spans.trace {
        trace::end(app, trace, known_method, &route, status.as_u16(), &exchange);
    }
    // Requests with an admitted caller always have a line.
    let suppressed = match exchange.actor.get() {
        Some(_) => Some(0),
        None => refusals.line((status.as_u16(), code.unwrap_or("-")), &app.metrics),
    };
    let Some(suppressed) = suppressed else {
        return response;
    };
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(
                $level,
                method = shown(&method),
                route = &*route,
                status = status.as_u16(),
                latency_ms = (took.as_secs_f64() * 1e6).round() / 1e3,
                request_id = exchange.id.as_str(),
                actor = exchange.actor.get().map(tracing::field::display),
                address = exchange.address.map(tracing::field::display),
                suppressed = (suppressed > 0).then_some(suppressed),
                "request"
            )
        };
    }
    // A line for each check would be the most expensive part of it; the metrics count them.
    if status.is_success() && CHECKS.contains(&&*route) {
        line!(tracing::Level::DEBUG);
    } else {
        line!(tracing::Level::INFO);
    }
    response
}

/// Refuses invalid requests, and writes problems: for services without the rest of the request
/// handling.
pub(crate) async fn unlogged(mut request: Request, next: Next) -> Response {
    let if_match = IfMatch::of(&request);
    let response = match refused(&mut request) {
        Some(problem) => problem.into_response(),
        None => if_match.judge(next.run(request).await),
    };
    dress(response, "-", Kind::Confidential)
}

/// Refuses a request whose head is not valid, whatever it asks for.
pub(crate) fn refused(request: &mut Request) -> Option<Problem> {
    if let Some(InvalidRequest(problem)) = request.extensions_mut().remove() {
        return Some(problem);
    }
    let detail = "At most 8 KiB of path and query are read.";
    let too_long = || Problem::new(Code::UriTooLong, detail).closing();
    (length(request.uri()) > LONGEST_URI).then(too_long)
}

/// The endpoints that check the requests of other services.
const CHECKS: [&str; 6] = [
    "/auth",
    "/auth/",
    "/auth/{*original}",
    "/api/v1/api-tokens/verify",
    "/api/v1/api-tokens/verify/batch",
    "/oauth2/introspect",
];

static NO_ROUTE: OnceLock<Arc<str>> = OnceLock::new();

/// The method as a label of metrics; clients must not be able to create labels.
pub(crate) fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// The pattern of the route that answers; a dash if there is none.
pub(crate) fn route_of(request: &Request) -> Arc<str> {
    match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().into(),
        None => no_route(),
    }
}

/// The label in place of a route if none answers.
pub(crate) fn no_route() -> Arc<str> {
    Arc::clone(NO_ROUTE.get_or_init(|| "-".into()))
}

/// The method for the log; clients may send one of any length and content.
pub(crate) fn shown(method: &Method) -> &str {
    let word = method.as_str();
    if may_hold_secret(word) {
        return "-";
    }
    word.get(..16).unwrap_or(word)
}

/// The request id that the caller sent, if it is valid.
pub(crate) fn sent_id(headers: &HeaderMap) -> Option<RequestId> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    match (values.next(), values.next()) {
        // A secret that was sent there by mistake would stay in logs and in the history.
        (Some(value), None) => {
            let text = value.to_str().ok().filter(|text| !may_hold_secret(text));
            text.and_then(|text| text.parse().ok())
        }
        _ => None,
    }
}

/// Hides credentials from code that prints headers.
fn hide(gate: &Gate, headers: &mut HeaderMap) {
    gate.token_headers().hide(headers);
    for (name, value) in headers.iter_mut() {
        if matches!(*name, header::COOKIE | header::PROXY_AUTHORIZATION) {
            value.set_sensitive(true);
        }
    }
}

fn length(uri: &Uri) -> usize {
    uri.path_and_query().map_or(0, |path| path.as_str().len())
}

/// Writes a problem, and sets the headers that every answer has.
pub(crate) fn dress(mut response: Response, request_id: &str, kind: Kind) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| {
        let status = response.status();
        let failed = status.is_client_error() || status.is_server_error();
        // An answer with a media type explains itself: the JSON of some endpoints, and the pages.
        let told = response.headers().get(header::CONTENT_TYPE);
        let told = told.is_some_and(|kind| kind == "application/json" || kind == HTML);
        (failed && !told).then(|| Problem::of_status(status))
    });
    if let Some(problem) = problem {
        let (parts, _) = response.into_parts();
        let problem = match kind {
            Kind::OAuth => problem.for_oauth(),
            Kind::Open | Kind::Confidential => problem,
        };
        response = problem.write(request_id, parts.headers);
    }
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if kind != Kind::Open {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
