//! The service's refusals (RFC 9457).

use serde::Deserialize;

use crate::{Open, Token};

/// A refusal of the service.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Problem {
    /// The path of the page that explains the problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    #[serde(default)]
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// This occurrence in words.
    #[serde(default)]
    pub detail: String,
    /// The id under which the service logged the request.
    #[serde(default)]
    pub request_id: String,
    /// All mistakes of the request.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// The stored version, of a conflict.
    pub current_version: Option<i64>,
    /// The stored record, of a conflict, if the caller may read it.
    pub current: Option<Open<Token>>,
    /// The id of the token that is in the way, of `already-created` and `name-taken`.
    pub id: Option<String>,
}

/// A mistake of a request.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct FieldError {
    /// The place in the body, as a JSON pointer (RFC 6901).
    pub pointer: Option<String>,
    /// The parameter or header, if the mistake is not in the body.
    pub parameter: Option<String>,
    /// The kind of mistake.
    pub code: String,
    /// The mistake in words.
    pub detail: String,
    /// The refused value.
    pub value: Option<String>,
    /// The values that may have been meant, the nearest first.
    #[serde(default)]
    pub suggestions: Vec<String>,
}

impl Problem {
    /// The code, such as `version-conflict`: the last segment of the type.
    #[must_use]
    pub fn code(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or(&self.kind)
    }

    /// Whether the request named a state that is no longer the stored one.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self.code(),
            "version-conflict" | "precondition-failed" | "count-differs"
        )
    }
}
