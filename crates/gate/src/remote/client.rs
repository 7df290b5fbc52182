//! A minimal HTTP client: one request, its answer, and no redirects, which could send a secret
//! elsewhere.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::{client::legacy, rt::TokioExecutor};
use thiserror::Error;

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<legacy::connect::HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = legacy::connect::HttpConnector;

/// The maximum size of an answer: far more than a token with 100 addresses takes.
const LARGEST: usize = 1 << 20;

/// Reason why there is no usable answer of Countersign.
#[derive(Debug, Error)]
pub(super) enum CallError {
    #[error("the request was not answered")]
    Unanswered(#[source] legacy::Error),
    #[error("the request cannot be written")]
    Unwritable(#[source] http::Error),
    #[error("the answer broke off, or is too large")]
    Unread(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer has the status {0}")]
    Status(StatusCode),
    #[error("the answer took too long")]
    Late,
    #[error("no node was asked that has heard of the latest change")]
    Behind,
}

#[derive(Debug)]
pub(super) struct VerifyClient(legacy::Client<Connector, Full<Bytes>>);

impl VerifyClient {
    pub(super) fn new() -> std::io::Result<Self> {
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(connector()?);
        Ok(Self(client))
    }

    /// Sends a request and returns the head of the answer; a stream resumes after `last_event`, if
    /// given.
    pub(super) async fn call(
        &self,
        method: Method,
        uri: &Uri,
        bearer: &HeaderValue,
        last_event: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, CallError> {
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::AUTHORIZATION, bearer);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(last_event) = last_event {
            request = request.header("last-event-id", last_event);
        }
        let request = request
            .body(Full::from(body))
            .map_err(CallError::Unwritable)?;
        self.0.request(request).await.map_err(CallError::Unanswered)
    }
}

/// The age of the answer's facts, as the node reports it (RFC 9111, section 5.1); zero if it does
/// not.
pub(super) fn age(answer: &Response<Incoming>) -> Duration {
    let age = answer.headers().get(header::AGE);
    let seconds = age.and_then(|age| age.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

/// Reads the whole answer.
pub(super) async fn whole(answer: Response<Incoming>) -> Result<Bytes, CallError> {
    let body = Limited::new(answer.into_body(), LARGEST).collect().await;
    Ok(body.map_err(CallError::Unread)?.to_bytes())
}

fn tcp() -> legacy::connect::HttpConnector {
    let mut tcp = legacy::connect::HttpConnector::new();
    tcp.set_nodelay(true);
    tcp
}

#[cfg(not(feature = "tls"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "of one shape with the other connector, which can fail"
)]
fn connector() -> std::io::Result<Connector> {
    Ok(tcp())
}

/// Uses the machine's own certificate roots.
#[cfg(feature = "tls")]
fn connector() -> std::io::Result<Connector> {
    let mut tcp = tcp();
    tcp.enforce_http(false);
    let provider = rustls::crypto::ring::default_provider();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)?
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(connector)
}
