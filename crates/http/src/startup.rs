//! The service before its database is ready. The listener is open from the first moment, because
//! supervisors ask it whether the process lives, and a port that accepts and does not answer looks
//! like one that hangs.

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::header,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use countersign_application::ports::{Clock, Entropy};
use countersign_domain::RequestId;
use tower::Service;

use crate::{
    ApiService, Metrics,
    if_match::IfMatch,
    kind::Kind,
    problem::{Code, Problem},
    refusal_throttle::RefusalThrottle,
    request_context,
    routes::health,
    service::ResponseFuture,
    state::Ids,
};

/// The service that [`serve`](crate::serve) serves from the start of a process to its end: only
/// health until the [`ApiService`] is there, and the whole surface from then on. A clone is cheap.
#[derive(Clone)]
pub struct Startup(Arc<Parts>);

struct Parts {
    surface: OnceLock<ApiService>,
    health: Router,
}

/// The parts that the request handling of the first answers needs.
struct Frame {
    metrics: Metrics,
    refusals: RefusalThrottle,
    ids: Ids,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Startup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Startup").finish_non_exhaustive()
    }
}

impl Startup {
    /// Creates the service of a starting process, which counts its answers in `metrics`.
    #[must_use]
    pub fn new(metrics: Metrics, entropy: Arc<dyn Entropy>, clock: Arc<dyn Clock>) -> Self {
        let frame = Arc::new(Frame {
            metrics,
            refusals: RefusalThrottle::new(None),
            ids: Ids::default(),
            entropy,
            clock,
        });
        let health = Router::new()
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::starting))
            .fallback(refuse)
            .layer(from_fn_with_state(frame, framed));
        let surface = OnceLock::new();
        Self(Arc::new(Parts { surface, health }))
    }

    /// Ends the start: this surface answers every request from now on.
    pub fn finish(&self, surface: ApiService) {
        // A second surface would be a fault of the caller; the first one stays.
        drop(self.0.surface.set(surface));
    }
}

/// The answer to everything but health. A request that gets it would succeed a moment later.
async fn refuse() -> Problem {
    let detail = "The service waits for its database, or prepares it; nothing was changed.";
    Problem::new(Code::Starting, detail).with_header(header::RETRY_AFTER, "1")
}

/// Adds the request id, the security headers, the metrics and the log line, as later answers have
/// them.
async fn framed(State(this): State<Arc<Frame>>, mut request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let sent = request_context::sent_id(request.headers());
    let id = sent.or_else(|| this.ids.next(&*this.entropy, &*this.clock));
    let id = id.as_ref().map_or("-", RequestId::as_str);
    let (method, route) = (
        request.method().clone(),
        request_context::route_of(&request),
    );
    let kind = Kind::of(request.uri().path());
    let if_match = IfMatch::of(&request);
    let response = match request_context::refused(&mut request) {
        Some(problem) => problem.into_response(),
        None => if_match.judge(next.run(request).await),
    };
    let code = response.extensions().get::<Problem>().map(Problem::slug);
    let response = request_context::dress(response, id, kind);
    let (status, took) = (response.status().as_u16(), begin.elapsed());
    let metrics = &this.metrics;
    metrics.answered(request_context::known(&method), &route, status, took);
    let line = this.refusals.line((status, code.unwrap_or("-")), metrics);
    if let Some(suppressed) = line {
        tracing::info!(
            method = request_context::shown(&method),
            route = &*route,
            status,
            latency_ms = (took.as_secs_f64() * 1e6).round() / 1e3,
            request_id = id,
            suppressed = (suppressed > 0).then_some(suppressed),
            "request"
        );
    }
    response
}

impl<B> Service<axum::http::Request<B>> for Startup
where
    B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::http::Request<B>) -> Self::Future {
        let request = request.map(Body::new);
        match self.0.surface.get() {
            Some(surface) => surface.answer(request),
            None => Box::pin(self.0.health.clone().call(request)),
        }
    }
}
