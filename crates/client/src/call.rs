//! One request and its answer.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Open, Problem};

/// Unreserved characters (RFC 3986, section 2.3) stay as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Bytes>,
    /// Whether it cannot take effect twice.
    pub(crate) is_repeatable: bool,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            is_repeatable: method.is_safe(),
            method,
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        self.path.push(separator);
        self.path.push_str(name);
        self.path.push('=');
        self.path.push_str(&escaped(value));
        self
    }

    /// A query parameter that is only sent if it is true.
    pub(crate) fn flag(self, name: &str, value: bool) -> Self {
        if value {
            self.query(name, "true")
        } else {
            self
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Error::Invalid(format!("the header {name} cannot have this value")))?;
        self.headers.push((HeaderName::from_static(name), value));
        Ok(self)
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into());
        self
    }
}

/// A value as one segment of a path, or as a parameter.
pub(crate) fn escaped(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

/// An answer of any status. `Debug` leaves the body out, because it may hold a secret.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    pub(crate) authority: String,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// The answer of a call that was done; otherwise the service's refusal.
    ///
    /// # Errors
    /// Returns the refusal.
    pub fn successful(self) -> Result<Self, Error> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(
            serde_json::from_slice::<Open<Problem>>(&self.body).map_or_else(
                |_| self.unexpected(),
                |problem| Error::Problem(Box::new(problem)),
            ),
        )
    }

    pub(crate) fn typed<T: DeserializeOwned>(self) -> Result<T, Error> {
        let answer = self.successful()?;
        serde_json::from_slice(&answer.body).map_err(|_| answer.unexpected())
    }

    pub(crate) fn unexpected(&self) -> Error {
        Error::Unexpected {
            authority: self.authority.clone(),
            status: self.status,
        }
    }

    /// Whether the service could not do it at present, and says so.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self.status.as_u16(), 429 | 502 | 503 | 504)
    }

    /// The delay that the answer asks for (RFC 9110, section 10.2.3).
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
        value.trim().parse().ok().map(Duration::from_secs)
    }
}
