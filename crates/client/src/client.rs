//! Sending of requests, with the retries that are safe.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::{
    ClientBuilder, Error,
    call::{Answer, Call},
    connector::Connector,
};

/// The maximum number of times that a request is sent.
const ATTEMPTS: u32 = 3;
/// The delay before the second attempt; it doubles.
const FIRST_DELAY: Duration = Duration::from_millis(200);
/// The maximum delay that is waited for; an answer that asks for more is final.
const LONGEST_DELAY: Duration = Duration::from_secs(5);
/// The maximum size of an answer: more than a page of 100 records with 100 addresses each takes.
const LARGEST: usize = 32 << 20;

/// A client of one Countersign service. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    base: String,
    authority: String,
    bearer: Option<HeaderValue>,
    timeout: Duration,
}

impl Client {
    /// A client of the service at this URL, such as `https://tokens.example.com`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    pub(crate) fn new(
        http: legacy::Client<Connector, Full<Bytes>>,
        base: String,
        authority: String,
        bearer: Option<HeaderValue>,
        timeout: Duration,
    ) -> Self {
        Self {
            http,
            base,
            authority,
            bearer,
            timeout,
        }
    }

    /// The URL of the service, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Sends any request, and returns its answer whatever the status is. Only a request with a safe
    /// method is repeated.
    ///
    /// # Errors
    /// Returns an error if there is no whole answer.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Error> {
        if !path.starts_with('/') {
            let rule = "the path has to begin with a slash, such as /api/v1/permissions";
            return Err(Error::Invalid(rule.to_owned()));
        }
        let mut call = Call::new(method, path);
        call.body = body.map(Into::into);
        self.send(&call).await
    }

    /// Sends a request, more than once if that is safe.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let mut delay = FIRST_DELAY;
        let mut attempt = 1;
        loop {
            let outcome = self.send_once(call).await;
            let (repeat, wanted) = match &outcome {
                Ok(answer) => (
                    call.is_repeatable && answer.is_temporary(),
                    answer.retry_after(),
                ),
                Err(error) => (
                    error.is_unsent() || call.is_repeatable && error.is_lost(),
                    None,
                ),
            };
            let wait = wanted.unwrap_or(delay);
            if !repeat || attempt == ATTEMPTS || wait > LONGEST_DELAY {
                return outcome;
            }
            sleep(wait).await;
            delay *= 2;
            attempt += 1;
        }
    }

    pub(crate) async fn get_json<T: serde::de::DeserializeOwned>(
        &self,
        call: Call,
    ) -> Result<T, Error> {
        self.send(&call).await?.typed()
    }

    pub(crate) async fn post_json<T: serde::de::DeserializeOwned>(
        &self,
        call: Call,
        body: &Value,
    ) -> Result<T, Error> {
        self.send(&call.json(body)).await?.typed()
    }

    async fn send_once(&self, call: &Call) -> Result<Answer, Error> {
        let answering = async {
            let response = self.open(call).await?;
            let (head, body) = response.into_parts();
            let read = Limited::new(body, LARGEST).collect().await;
            let body = read.map_err(|cause| self.broken(cause))?.to_bytes();
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body,
                authority: self.authority.clone(),
            })
        };
        let late = |_| Error::Timeout {
            authority: self.authority.clone(),
            limit: self.timeout,
        };
        timeout(self.timeout, answering).await.map_err(late)?
    }

    /// Sends a request once, and returns the head of the answer.
    pub(crate) async fn open(&self, call: &Call) -> Result<http::Response<Incoming>, Error> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(format!("{}{}", self.base, call.path))
            .header(
                header::USER_AGENT,
                concat!("countersign-client/", env!("CARGO_PKG_VERSION")),
            )
            .header(header::ACCEPT, "*/*");
        if let Some(bearer) = &self.bearer {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::from(call.body.clone().unwrap_or_default()))
            .map_err(|cause| Error::Invalid(format!("the request cannot be written: {cause}")))?;
        self.http.request(request).await.map_err(|cause| {
            if cause.is_connect() {
                Error::Connect {
                    authority: self.authority.clone(),
                    cause: cause.into(),
                }
            } else {
                self.broken(cause)
            }
        })
    }

    pub(crate) fn broken(&self, cause: impl Into<crate::error::Cause>) -> Error {
        Error::Broken {
            authority: self.authority.clone(),
            cause: cause.into(),
        }
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }
}
