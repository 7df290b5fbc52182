//! A browser's request before the sign-in: its id, address, browser and transport.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_application::SessionId;
use countersign_domain::{RequestId, TokenId};
use countersign_gate::ClientAddress;
use sha2::{Digest, Sha256};

use crate::{cookie, error::PageError, state::ConsoleState};

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A request of a browser.
#[derive(Debug, Clone)]
pub(crate) struct BrowserRequest {
    /// Its id.
    pub(crate) request: RequestId,
    /// The client's address, if it is known.
    pub(crate) address: Option<IpAddr>,
    /// The id in the browser's cookie.
    pub(crate) id: Option<SessionId>,
    /// Whether the browser reaches the service over TLS.
    pub(crate) secure: bool,
    /// The requested path, with its query.
    pub(crate) target: String,
    /// The cell for the caller's token, for the log.
    pub(crate) actor: Arc<OnceLock<TokenId>>,
}

impl FromRequestParts<ConsoleState> for BrowserRequest {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &ConsoleState) -> Result<Self, PageError> {
        let secure = over_tls(&parts.headers, app.public_url.as_deref());
        let request = parts.extensions.get::<RequestId>().cloned();
        let address = parts.extensions.get::<ClientAddress>();
        let target = parts.uri.path_and_query();
        Ok(Self {
            // The server of the pages gives each request an id, because the history needs it.
            request: request.ok_or(PageError::Broken)?,
            address: address.and_then(|address| address.0),
            id: cookie::sent(&parts.headers, secure),
            secure,
            actor: parts.extensions.get().cloned().unwrap_or_default(),
            target: target.map_or_else(|| "/console".to_owned(), ToString::to_string),
        })
    }
}

/// The token that every form of this browser has to send: it follows from the id, and not the other
/// way round.
pub(crate) fn form_token(id: &SessionId) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"countersign form 1\n");
    hasher.update(id.expose());
    URL_SAFE_NO_PAD.encode(hasher.finalize())
}

/// Whether the browser uses TLS, by the deployment's setting or else by a proxy's header. A wrong
/// header harms only its own client, whose browser then keeps no cookie.
pub(crate) fn over_tls(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if let Some(url) = public_url {
        return url
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    }
    let says = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    says(X_FORWARDED_PROTO)
        .and_then(|protos| protos.split(',').next())
        .is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
        || says(header::FORWARDED).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("proto=https") || value.contains("proto=\"https\"")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployments_word_goes_before_a_proxys() {
        let none = HeaderMap::new();
        let proxied: HeaderMap = [(X_FORWARDED_PROTO, "https".parse().unwrap())]
            .into_iter()
            .collect();
        let forwarded: HeaderMap = [(
            header::FORWARDED,
            "for=192.0.2.1;Proto=https".parse().unwrap(),
        )]
        .into_iter()
        .collect();
        assert!(!over_tls(&none, None));
        assert!(over_tls(&proxied, None) && over_tls(&forwarded, None));
        assert!(over_tls(&none, Some("https://tokens.example.com")));
        assert!(!over_tls(&proxied, Some("http://tokens.example.com")));
    }

    #[test]
    fn a_form_token_says_nothing_of_the_id() {
        let (one, other) = ([1; 32], [2; 32]);
        let (one, other) = (SessionId::from_random(&one), SessionId::from_random(&other));
        assert_eq!(form_token(&one), form_token(&one));
        assert_ne!(form_token(&one), form_token(&other));
        assert!(!form_token(&one).contains(one.expose()));
    }
}
