//! The whole surface as one service. Two endpoints are called with every request of other services.
//! Those requests go directly to their handlers, because routing costs more than the check. Their
//! answers are like all others: the request handling is the same, and so are the handlers.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    handler::Handler,
    http::{Method, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use countersign_gate::ClientAddress;
use tower::{Service, ServiceExt as _, service_fn};

use crate::{
    cors::{CrossOrigin, is_preflight},
    detached::run_detached,
    problem::{Code, Problem},
    request_context::{self, RequestContext, frame, framed},
    routes::{VERIFY, auth, verify},
    serve::Overflow,
    state::{ApiServices, ApiState, Settings},
};

/// The path of forward auth, the only one of its handler.
const AUTH: &str = "/auth";

/// The service that [`serve`](crate::serve) serves. A clone is cheap.
#[derive(Debug, Clone)]
pub struct ApiService {
    app: ApiState,
    router: Router,
    cors: Option<CrossOrigin>,
    auth: Arc<str>,
    verify: Arc<str>,
}

impl ApiService {
    /// Builds the whole surface over the use cases.
    #[must_use]
    pub fn new(services: ApiServices, settings: Settings) -> Self {
        let app = ApiState::new(services, settings);
        Self {
            router: crate::routes::router(app.clone()),
            cors: CrossOrigin::new(&app.settings().cors_origins, app.gate.token_headers()),
            app,
            auth: AUTH.into(),
            verify: VERIFY.into(),
        }
    }

    /// Adds the pages of another adapter beside its own routes, within the same request handling.
    /// Their requests have a [`RequestId`](countersign_domain::RequestId) and a [`ClientAddress`]
    /// among their extensions, and an `Arc<OnceLock<TokenId>>` for the id of the caller's token,
    /// for the log.
    #[must_use]
    pub fn with_pages(mut self, pages: Router) -> Self {
        let framed = from_fn_with_state(self.app.clone(), frame);
        self.router = self
            .router
            .merge(pages.layer(from_fn(hand_over)).layer(framed));
        self
    }
}

/// Passes the request context to the pages. Their work runs to its end: the change of a form, and
/// the query of a list, on which the store works whether or not the browser waits.
async fn hand_over(mut request: Request, next: Next) -> Response {
    let Some(exchange) = request.extensions().get::<RequestContext>().cloned() else {
        return next.run(request).await;
    };
    let extensions = request.extensions_mut();
    extensions.insert(exchange.id);
    extensions.insert(ClientAddress(exchange.address));
    extensions.insert(exchange.actor);
    run_detached(exchange.spans, next.run(request)).await
}

pub(crate) type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl<B> Service<axum::http::Request<B>> for ApiService
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

    fn call(&mut self, request: axum::http::Request<B>) -> ResponseFuture {
        self.answer(request.map(Body::new))
    }
}

impl ApiService {
    /// Answers without a copy of what all requests share.
    pub(crate) fn answer(&self, request: Request) -> ResponseFuture {
        match &self.cors {
            Some(cors) if CrossOrigin::concerns(&request) => {
                self.cross_origin(cors.clone(), request)
            }
            _ => self.dispatch(request),
        }
    }

    /// Answers a request that may come from a page of another origin.
    fn cross_origin(&self, cors: CrossOrigin, request: Request) -> ResponseFuture {
        if request.extensions().get::<Overflow>().is_none() && is_preflight(&request) {
            let preflight = move |request: Request| cors.preflight(request);
            return at_once(&self.app, request, &request_context::no_route(), preflight);
        }
        if request.method() == Method::OPTIONS {
            return self.dispatch(request);
        }
        let surface = self.clone();
        let inside = service_fn(move |request| surface.dispatch(request));
        Box::pin(cors.around(inside).oneshot(request))
    }

    fn dispatch(&self, request: Request) -> ResponseFuture {
        let overflow = request.extensions().get::<Overflow>().is_some();
        match (request.method(), request.uri().path()) {
            (_, path) if overflow && !is_probe(path) => {
                at_once(&self.app, request, &request_context::no_route(), refuse)
            }
            (_, AUTH) => at_once(&self.app, request, &self.auth, auth),
            (&Method::POST, VERIFY) => at_once(&self.app, request, &self.verify, verify),
            _ => Box::pin(self.router.clone().call(request)),
        }
    }
}

/// Whether a path is one of the health checks, which are answered whatever the other clients do.
fn is_probe(path: &str) -> bool {
    path == "/metrics" || path.starts_with("/health/")
}

/// The answer to a connection without a slot.
async fn refuse() -> Problem {
    let detail = "Every connection that this node or this address may have is in use.";
    Problem::new(Code::TooManyConnections, detail)
        .with_header(header::RETRY_AFTER, "1")
        .closing()
}

/// Calls the handler directly, within the request handling.
fn at_once<T: 'static>(
    app: &ApiState,
    request: Request,
    route: &Arc<str>,
    handler: impl Handler<T, ApiState>,
) -> ResponseFuture {
    let (app, route) = (app.clone(), Arc::clone(route));
    Box::pin(async move {
        let state = app.clone();
        let answer = framed(&app, request, route, |request| handler.call(request, state));
        Ok(answer.await)
    })
}
