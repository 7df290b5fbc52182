//! A request as data, so that a table can hold it and its answer can be compared with it.

use countersign_domain::Secret;
use serde_json::Value;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) verbatim: bool,
}

impl Ask {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: None,
            verbatim: false,
        }
    }

    /// With one more header, also where there is one of that name.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// As the holder of a secret.
    pub(crate) fn by(self, secret: &Secret) -> Self {
        let credential = format!("Bearer {}", secret.expose());
        self.without("authorization")
            .with("authorization", credential)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw_json(body.to_string())
    }

    /// With a body that is called JSON, whatever it is.
    pub(crate) fn raw_json(self, body: impl AsRef<[u8]>) -> Self {
        self.without("content-type")
            .with("content-type", "application/json")
            .body(body)
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().into());
        self
    }

    /// To be written to the wire as it stands: the usual client tidies paths and methods up.
    pub(crate) fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// With this behind the path.
    pub(crate) fn query(mut self, query: &str) -> Self {
        self.target = format!("{}?{query}", self.target);
        self
    }

    /// What goes over the wire, on a connection that is to be closed after the answer.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.written(b"close")
    }

    /// What goes over the wire, on a connection that further requests could follow on.
    pub(crate) fn keeping_open(&self) -> Vec<u8> {
        self.written(b"keep-alive")
    }

    fn written(&self, connection: &[u8]) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        };
        line("host", b"localhost");
        line("connection", connection);
        for (name, value) in &self.headers {
            line(name, value);
        }
        let sized = |name: &str| matches!(name, "content-length" | "transfer-encoding");
        let declared = self.headers.iter().any(|(name, _)| sized(name));
        if let (Some(body), false) = (&self.body, declared) {
            line("content-length", body.len().to_string().as_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(self.body.as_deref().unwrap_or_default());
        bytes
    }
}
