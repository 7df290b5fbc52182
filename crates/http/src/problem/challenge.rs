//! The challenges of a 401, beyond that of Bearer (RFC 9110, section 11.6.1).

use axum::http::{HeaderValue, StatusCode, header};
use countersign_gate::TokenHeaders;

use super::Problem;

/// The challenge for clients that send a name and a password (RFC 7617).
const BASIC: &str = r#"Basic realm="countersign""#;

impl Problem {
    /// Uses the challenge of Basic, which the client tried (RFC 6749, section 5.2).
    pub(crate) fn for_basic(self) -> Self {
        match self.0.code.status() {
            StatusCode::UNAUTHORIZED => self.with_header(header::WWW_AUTHENTICATE, BASIC),
            _ => self,
        }
    }

    /// Adds the challenge of Basic after that of Bearer, if the client tried neither.
    pub(crate) fn for_any_scheme(mut self) -> Self {
        if self.0.code.status() == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(BASIC);
            self.0.headers.append(header::WWW_AUTHENTICATE, challenge);
        }
        self
    }

    /// Adds the challenges of the other places in which a token may be sent, to a 401.
    pub(crate) fn challenge_further(&mut self, token_headers: &TokenHeaders) {
        if self.0.code.status() == StatusCode::UNAUTHORIZED {
            for challenge in token_headers.challenges() {
                self.0.headers.append(header::WWW_AUTHENTICATE, challenge);
            }
        }
    }
}
