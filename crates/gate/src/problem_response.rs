//! The answer to a refused request: status, challenge and problem document. It is separate from the
//! layer, so that a service that writes its answers in another way can use the same words.

use std::borrow::Cow;

use bytes::Bytes;
use countersign_domain::{Denied, Permission};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{CheckError, TokenHeaders};

/// The beginning of every challenge (RFC 9110, section 11.6.1).
const CHALLENGE: &str = r#"Bearer realm="countersign""#;

/// An answer to a refused request in the form of RFC 6750 and RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProblemResponse {
    /// The status.
    pub status: StatusCode,
    /// The problem's code; its type is `/problems/` and the code.
    pub code: &'static str,
    /// A short phrase that is the same at every occurrence.
    pub title: &'static str,
    /// The detail of this occurrence.
    pub detail: Cow<'static, str>,
    /// The value of `WWW-Authenticate`, if the credential is the problem.
    pub challenge: Option<String>,
    /// Further values of `WWW-Authenticate`, for the other places in which a token may be sent.
    pub other_challenges: Vec<HeaderValue>,
    /// The value of `Retry-After` in seconds, if another try may help.
    pub retry_after: Option<u32>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl ProblemResponse {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            challenge: None,
            other_challenges: Vec::new(),
            retry_after: None,
        }
    }

    /// Adds a challenge with the error that client libraries look for (RFC 6750, section 3.1).
    fn challenging(mut self, error: &str, scope: Option<&Permission>) -> Self {
        let scope = scope.map_or_else(String::new, |name| format!(r#", scope="{name}""#));
        let detail = &self.detail;
        self.challenge = Some(format!(
            r#"{CHALLENGE}, error="{error}", error_description="{detail}"{scope}"#
        ));
        self
    }

    /// Names all places in which a token may be sent, if the credential is the problem.
    #[must_use]
    pub fn with_challenges(mut self, token_headers: &TokenHeaders) -> Self {
        if self.status == StatusCode::UNAUTHORIZED {
            self.other_challenges = token_headers.challenges();
        }
        self
    }

    /// The headers of the answer.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // All of it is ASCII: fixed words, permissions and instants.
        let challenge = self.challenge.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(challenge)) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        for challenge in &self.other_challenges {
            headers.append(header::WWW_AUTHENTICATE, challenge.clone());
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        headers
    }

    /// The problem document.
    #[must_use]
    pub fn body(&self) -> Bytes {
        let document = Document {
            kind: format!("/problems/{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
        };
        // The document has texts and numbers under text keys, so serialization cannot fail.
        serde_json::to_vec(&document).unwrap_or_default().into()
    }
}

impl From<&CheckError> for ProblemResponse {
    fn from(rejected: &CheckError) -> Self {
        match rejected {
            CheckError::Missing => Self {
                challenge: Some(CHALLENGE.to_owned()),
                ..Self::new(
                    StatusCode::UNAUTHORIZED,
                    "missing-credential",
                    "An API token is needed",
                    "Send an API token in the header Authorization, as Bearer.",
                )
            },
            CheckError::Several => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid-parameter",
                "A parameter, header or filter is not valid",
                "Several credentials were sent.",
            ),
            CheckError::Invalid | CheckError::Denied(Denied::Retired) => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid-token",
                "The API token is not valid",
                "The API token is not valid.",
            )
            .challenging("invalid_token", None),
            CheckError::Denied(Denied::Expired(at)) => Self::new(
                StatusCode::UNAUTHORIZED,
                "token-expired",
                "The API token has expired",
                format!("The API token expired at {at}."),
            )
            .challenging("invalid_token", None),
            CheckError::Denied(Denied::AddressNotAllowed) => Self::new(
                StatusCode::FORBIDDEN,
                "address-not-allowed",
                "The API token may not be used from this address",
                "The client's address is not on the API token's list, or is not known.",
            ),
            CheckError::Denied(Denied::MissingPermission(permission)) => Self::new(
                StatusCode::FORBIDDEN,
                "insufficient-scope",
                "The API token lacks a permission",
                format!("The API token lacks {permission}."),
            )
            .challenging("insufficient_scope", Some(permission)),
            CheckError::Unavailable(_) => Self {
                retry_after: Some(1),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store-unavailable",
                    "The database cannot answer at the moment",
                    "Whether the API token is good cannot be told at the moment; nothing was done.",
                )
            },
        }
    }
}

#[cfg(test)]
#[path = "problem_response_tests.rs"]
mod tests;
