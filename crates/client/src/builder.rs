//! Construction of a client.

use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use zeroize::Zeroizing;

use crate::{Client, Error, Secret, connector::connector};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    url: String,
    token: Option<Secret>,
    ca_pem: Option<Vec<u8>>,
    timeout: Duration,
}

impl ClientBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            token: None,
            ca_pem: None,
            timeout: TIMEOUT,
        }
    }

    /// The secret that the client presents.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Certificate authorities in PEM, which are trusted in addition to those of the machine.
    #[must_use]
    pub fn ca_pem(mut self, pem: Vec<u8>) -> Self {
        self.ca_pem = Some(pem);
        self
    }

    /// The maximum time for one answer, 30 s by default.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    /// Returns an error if the URL, the secret or a certificate cannot be used.
    pub fn build(self) -> Result<Client, Error> {
        let base = self.url.trim_end_matches('/').to_owned();
        let uri = checked(&base)?;
        let bearer = self.token.as_ref().map(bearer).transpose()?;
        let connector = connector(&uri, self.ca_pem.as_deref())?;
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        Ok(Client::new(http, base, authority, bearer, self.timeout))
    }
}

fn checked(base: &str) -> Result<Uri, Error> {
    let uri: Option<Uri> = base.parse().ok();
    let usable = uri.filter(|uri| {
        let plain = |authority: &http::uri::Authority| !authority.as_str().contains('@');
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(plain)
            && uri.query().is_none()
    });
    // The URL is not repeated: it may hold a password.
    usable.ok_or_else(|| {
        let rule = "the URL has to be one like https://tokens.example.com, without user and query";
        Error::Invalid(rule.to_owned())
    })
}

fn bearer(token: &Secret) -> Result<HeaderValue, Error> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let value = HeaderValue::from_str(&text).ok();
    let plain = value.filter(|_| !token.expose().is_empty() && !token.expose().contains(' '));
    let mut value =
        plain.ok_or_else(|| Error::Invalid("the token is empty or has blanks in it".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_url_or_secret_is_an_error_that_repeats_neither() {
        for (url, secret) in [
            ("tokens.example.com", "csg_x"),
            ("ftp://tokens.example.com", "csg_x"),
            ("http://hunter2:x@tokens.example.com", "csg_x"),
            ("http://tokens.example.com?hunter2", "csg_x"),
            ("http://tokens.example.com", "hunter2 x"),
            ("http://tokens.example.com", "hunter2\u{7f}"),
            ("http://tokens.example.com", ""),
        ] {
            let made = Client::builder(url).token(Secret::new(secret)).build();
            let error = made.map(drop).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn no_debug_output_shows_the_secret() {
        let builder = Client::builder("http://127.0.0.1:1").token(Secret::new("csg_hunter2"));
        let shown = format!("{builder:?} {:?}", builder.clone().build().unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_an_error() {
        let builder = Client::builder("http://127.0.0.1:1").ca_pem(b"nothing".to_vec());
        assert!(builder.build().is_err());
    }
}
