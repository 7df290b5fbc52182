//! The client of the collector: plain HTTP/1.1 from the exporter's own thread, so that a collector
//! that hangs delays nothing but traces. The log reports its outage once, and so its return, not
//! each lost batch.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use http::{HeaderValue, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::{
    net::TcpStream,
    runtime::{self, Runtime},
    time::timeout,
};
use url::{Host, Url};

/// The maximum size of an answer, in bytes: it says little more than success.
const LONGEST: usize = 64 * 1024;

/// A collector.
#[derive(Debug)]
pub(super) struct Collector {
    runtime: Runtime,
    host: String,
    port: u16,
    authority: HeaderValue,
    patience: Duration,
    silent: AtomicBool,
}

impl Collector {
    /// Creates the client of the collector at this address.
    ///
    /// # Errors
    /// Fails if the system has no resources to wait with, or the address has no host.
    pub(super) fn new(endpoint: &Url, patience: Duration) -> Result<Self> {
        let host = match endpoint.host().context("an address without a host")? {
            Host::Ipv6(address) => address.to_string(),
            other => other.to_string(),
        };
        Ok(Self {
            runtime: runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            host,
            port: endpoint.port_or_known_default().unwrap_or(80),
            authority: endpoint.authority().parse()?,
            patience,
            silent: AtomicBool::new(false),
        })
    }

    /// One connection for each batch, because batches are seconds apart.
    async fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let (mut parts, body) = request.into_parts();
        if let Some(path) = parts.uri.path_and_query() {
            parts.uri = Uri::from(path.clone());
        }
        parts.headers.insert(header::HOST, self.authority.clone());
        let asked = async move {
            let request = Request::from_parts(parts, Full::new(body));
            let (parts, body) = sender.send_request(request).await?.into_parts();
            let body = Limited::new(body, LONGEST).collect().await?.to_bytes();
            // The sender is dropped here, and with it the connection.
            Ok(Response::from_parts(parts, body))
        };
        // An error of the connection also ends its request.
        tokio::join!(asked, connection).0
    }

    fn tell(&self, failure: Option<String>) {
        match failure {
            Some(error) if !self.silent.swap(true, Ordering::Relaxed) => tracing::warn!(
                error,
                "the collector takes no traces; they are lost until it does"
            ),
            None if self.silent.swap(false, Ordering::Relaxed) => {
                tracing::info!("the collector takes traces again");
            }
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Blocks: the exporter has a thread of its own for it.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let outcome = self
            .runtime
            .block_on(async { timeout(self.patience, self.post(request)).await? });
        self.tell(match &outcome {
            Ok(answer) => refused(answer.status()),
            Err(error) => Some(error.to_string()),
        });
        outcome
    }
}

fn refused(status: StatusCode) -> Option<String> {
    (!status.is_success()).then(|| format!("status {status}"))
}
