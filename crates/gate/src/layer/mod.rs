//! The gate as middleware: the service behind it sees only admitted requests. The service only has
//! to speak HTTP, so the layer fits axum, tonic and hyper alike.

mod body;

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use countersign_domain::{Grant, Permission};
use http::{HeaderValue, Request, Response, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

pub use self::body::GateBody;
use crate::{CheckError, Gate, ProblemResponse, grpc};

/// The socket address of a connection's peer, as an extension of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Middleware that puts a [`Gate`] in front of a service. An admitted request carries its [`Grant`]
/// among its extensions.
#[derive(Debug, Clone)]
pub struct GateLayer {
    gate: Gate,
    permission: Option<Arc<Permission>>,
}

impl GateLayer {
    pub(crate) fn new(gate: Gate, permission: Option<Permission>) -> Self {
        Self {
            gate,
            permission: permission.map(Arc::new),
        }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = GateService<S>;

    fn layer(&self, inner: S) -> GateService<S> {
        GateService {
            layer: self.clone(),
            inner,
        }
    }
}

/// A service behind a [`Gate`].
#[derive(Debug, Clone)]
pub struct GateService<S> {
    layer: GateLayer,
    inner: S,
}

/// The answer of a service behind a [`Gate`], or the gate's own.
pub type GateFuture<B, E> =
    Pin<Box<dyn Future<Output = Result<Response<GateBody<B>>, E>> + Send + 'static>>;

impl<S, B, RB> Service<Request<B>> for GateService<S>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<GateBody<RB>>;
    type Error = S::Error;
    type Future = GateFuture<RB, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let layer = self.layer.clone();
        // The clone that was polled for readiness must be the one that is called.
        let waiting = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, waiting);
        // The parts are split from the body, which threads need not be able to share.
        let (mut parts, body) = request.into_parts();
        Box::pin(async move {
            match layer.admit(&parts).await {
                Ok(grant) => {
                    layer.gate.token_headers().hide(&mut parts.headers);
                    parts.extensions.insert(grant);
                    let answer = inner.call(Request::from_parts(parts, body)).await?;
                    Ok(answer.map(GateBody::inner))
                }
                Err(rejected) => Ok(layer.answer(&rejected, grpc::media_type(&parts.headers))),
            }
        })
    }
}

impl GateLayer {
    async fn admit(&self, head: &Parts) -> Result<Grant, CheckError> {
        let presented = self.gate.token_headers().read(&head.headers)?;
        let peer = self.gate.peer(&head.extensions).map(|peer| peer.ip());
        let address = self.gate.client_address(peer, &head.headers);
        let permission = self.permission.as_deref();
        self.gate.check(&presented, address, permission).await
    }

    /// The refusal, in the form that a gRPC client reads if the call has such a media type.
    fn answer<B>(&self, rejected: &CheckError, grpc: Option<HeaderValue>) -> Response<GateBody<B>> {
        let refusal = ProblemResponse::from(rejected).with_challenges(self.gate.token_headers());
        if let Some(media_type) = grpc {
            let mut response = Response::new(GateBody::none());
            *response.headers_mut() = refusal.grpc_headers(media_type);
            return response;
        }
        let mut response = Response::new(GateBody::own(refusal.body()));
        *response.status_mut() = refusal.status;
        *response.headers_mut() = refusal.headers();
        response
    }
}

#[cfg(test)]
mod tests;
