//! A client with connections of its own. An answer keeps all that a promise may be about: status,
//! headers, bytes, and the times of the request and of the answer.

use std::time::{Duration, Instant};

use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

use crate::common::{Node, TOKENS};

/// Longer than any call may take, so that a call that hangs fails its test and does not hang it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a call has waited at least where the service was but too busy, which an overloaded machine makes it.
const IN_LINE: Duration = Duration::from_secs(1);

/// A caller: where to, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    secret: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// What was asked, for messages.
    pub(crate) call: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null where it is no JSON.
    pub(crate) body: Value,
    pub(crate) asked: Instant,
    pub(crate) came: Instant,
}

impl Client {
    pub(crate) fn new(base: &str, secret: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        Self {
            http: http.build().unwrap(),
            base: base.to_owned(),
            secret: secret.to_owned(),
        }
    }

    /// With the root token of a node.
    pub(crate) fn root(node: &Node) -> Self {
        Self::new(&node.server.url(), &node.root)
    }

    /// The same connections, another credential.
    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        let secret = secret.to_owned();
        Self {
            secret,
            ..self.clone()
        }
    }

    /// A request with the credential, to be completed.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.secret.is_empty() {
            request
        } else {
            request.bearer_auth(&self.secret)
        }
    }

    /// Sends it; an error means that no whole answer came.
    pub(crate) async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let request = request.build()?;
        let call = format!("{} {}", request.method(), request.url());
        let asked = Instant::now();
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer {
            call,
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
            asked,
            came: Instant::now(),
        })
    }

    /// Sends it as a client in a crowd does: who has stood in line for so long that the service gave up, without any
    /// change, asks again. To be refused at once is another matter, and so is not to know.
    pub(crate) async fn send_in_line(&self, request: reqwest::RequestBuilder) -> Answer {
        for _ in 0..20 {
            let answer = self.send(request.try_clone().unwrap()).await.unwrap();
            if answer.code() != "store-unavailable" || answer.took() < IN_LINE {
                return answer;
            }
        }
        panic!("a client in a crowd was never served");
    }

    pub(crate) async fn put_in_line(&self, id: &str, body: &Value) -> Answer {
        let request = self.request(Method::PUT, &format!("{TOKENS}/{id}"));
        self.send_in_line(request.json(body)).await
    }

    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let answer = self.try_call(method.clone(), path, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path} got no answer: {error:?}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, id: &str, body: &Value) -> Answer {
        self.call(Method::PUT, &format!("{TOKENS}/{id}"), Some(body))
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, id: &str) -> Answer {
        self.call(Method::DELETE, &format!("{TOKENS}/{id}"), None)
            .await
    }
}

impl Answer {
    /// The body of an answer that has to have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.call, self.text);
        self.body
    }

    /// The code of a problem; empty where it is none.
    pub(crate) fn code(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("/problems/").unwrap_or_default()
    }

    pub(crate) fn took(&self) -> Duration {
        self.came - self.asked
    }

    /// That it is what may be answered while the database cannot: in time, honest, and with a word on when to return.
    #[track_caller]
    pub(crate) fn assert_unavailable(&self) {
        let (status, code) = (self.status, self.code());
        assert_eq!(status, 503, "{}: {}", self.call, self.text);
        assert!(
            matches!(code, "store-unavailable" | "outcome-unknown"),
            "{}: {}",
            self.call,
            self.text
        );
        assert!(
            self.headers.contains_key("retry-after"),
            "{}: no Retry-After in {:?}",
            self.call,
            self.headers
        );
        assert!(
            self.took() < super::LONGEST,
            "{} took {:?}",
            self.call,
            self.took()
        );
    }
}
