//! Problem documents for every error answer (RFC 9457). A problem travels in a response's
//! extensions and is written in one place around all routes, because only that place knows the
//! request id.

mod challenge;
mod code;
mod field_error;
mod limit;
mod mapping;
mod pages;
mod rules;
mod store;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_domain::{Timestamp, TokenId, Version};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::{
    code::Code,
    field_error::{FieldError, MOST_FAULTS, nearest, pointer_to},
    mapping::verdict,
    pages::{index_page, page},
};

use crate::responses::TokenRecord;

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The media type of errors at the OAuth endpoints (RFC 6749, section 5.2).
pub(crate) const OAUTH_MEDIA_TYPE: &str = "application/json";

/// A text in the characters of `error_description`: printable ASCII without quotes and backslashes.
fn described(detail: &str) -> String {
    let allowed = |c: char| match c {
        '"' => '\'',
        ' '..='~' if c != '\\' => c,
        _ => '?',
    };
    detail.chars().map(allowed).collect()
}

/// An error answer that is not written yet.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    code: Code,
    detail: String,
    faults: Vec<FieldError>,
    members: Members,
    headers: HeaderMap,
}

/// An error in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem, title = "Problem")]
pub(crate) struct Document {
    /// `/problems/` and the code; the page at that path explains it.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", pattern = "^/problems/[a-z-]+$")]
    kind: String,
    /// The same phrase at every occurrence of the code.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// The detail of this occurrence.
    detail: String,
    /// The request id, which leads to the service's log.
    #[schema(min_length = 1, max_length = 128)]
    request_id: String,
    /// All faults of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// The members of single codes.
    #[serde(flatten)]
    members: Members,
}

/// The members that single codes add.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Members {
    /// `version-conflict`, `precondition-failed`: the stored record, if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = TokenRecord, required = false)]
    pub(crate) current: Option<TokenRecord>,
    /// `version-conflict`, `precondition-failed`: the stored version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 1)]
    pub(crate) current_version: Option<Version>,
    /// `count-differs`: the number of tokens that would be revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    pub(crate) current_count: Option<u64>,
    /// `already-created`: the existing token. `token-unreadable`: the token, if the request named
    /// it by its id. `name-taken`: the token that has the name, if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "uuid")]
    pub(crate) id: Option<TokenId>,
    /// `name-taken`: the expiry of the token that has the name, if the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    pub(crate) expiry: Option<Timestamp>,
    /// At the OAuth endpoints: the error code of RFC 6749, section 5.2, or RFC 6750, section 3.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) error: Option<&'static str>,
    /// At the OAuth endpoints: the detail, in the characters that RFC 6749, section 5.2, allows.
    #[serde(rename = "error_description", skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) error_description: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Content {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            members: Members::default(),
            headers: HeaderMap::new(),
        }))
    }

    /// The problem of query parameters or headers that are not valid.
    pub(crate) fn invalid_parameters(faults: Vec<FieldError>) -> Self {
        let detail = "The errors name each parameter that cannot be taken.";
        Self::new(Code::InvalidParameter, detail).with_faults(faults)
    }

    /// Adds faults; beyond [`MOST_FAULTS`] the rest is left out.
    pub(crate) fn with_faults(mut self, mut faults: Vec<FieldError>) -> Self {
        faults.truncate(MOST_FAULTS);
        self.0.faults = faults;
        self
    }

    /// Adds the faults of another problem of the same request.
    pub(crate) fn and(self, other: Self) -> Self {
        let mut faults = self.0.faults.clone();
        faults.extend(other.0.faults);
        self.with_faults(faults)
    }

    /// Moves all pointers below another: the problem concerns a part of the body.
    pub(crate) fn within(mut self, pointer: &str) -> Self {
        for fault in &mut self.0.faults {
            fault.prefix(pointer);
        }
        self
    }

    /// Adds the members of its code.
    pub(crate) fn with_members(mut self, members: Members) -> Self {
        self.0.members = members;
        self
    }

    /// Takes the form that OAuth's libraries look for (RFC 6749, section 5.2).
    pub(crate) fn for_oauth(mut self) -> Self {
        self.0.members.error = Some(self.0.code.oauth_error());
        self.0.members.error_description = Some(described(&self.0.detail));
        self
    }

    /// Puts a sentence in front of the detail, if there is one.
    pub(crate) fn explained(mut self, first: Option<&str>) -> Self {
        if let Some(first) = first {
            self.0.detail = format!("{first} {}", self.0.detail);
        }
        self
    }

    /// Adds a header; a value that is not valid is left out.
    pub(crate) fn with_header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.0.headers.insert(name, value);
        }
        self
    }

    /// Closes the connection, because a part of the request was not read.
    pub(crate) fn closing(self) -> Self {
        self.with_header(header::CONNECTION, "close")
    }

    /// The problem's code as text.
    pub(crate) fn slug(&self) -> &'static str {
        self.0.code.slug()
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    #[cfg(test)]
    pub(crate) fn faults(&self) -> &[FieldError] {
        &self.0.faults
    }

    /// The problem for a status that a lower layer answered without a body.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(Code::NoSuchRoute, "There is nothing at this path."),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                Code::MethodNotAllowed,
                "The header Allow names the methods that are.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(Code::BodyTooLarge, "The body is too large.")
            }
            status if status.is_client_error() => {
                Self::new(Code::InvalidParameter, "The request cannot be understood.")
            }
            _ => Self::internal(),
        }
    }

    /// An internal error; its answer has nothing but the request id.
    pub(crate) fn internal() -> Self {
        Self::new(
            Code::Internal,
            "The service's log has more under this request id.",
        )
    }

    /// Writes the document, with the headers of the answer that it replaces.
    pub(crate) fn write(self, request_id: &str, mut headers: HeaderMap) -> Response {
        let Content {
            code,
            detail,
            faults,
            members,
            headers: own,
        } = *self.0;
        let document = Document {
            kind: format!("/problems/{}", code.slug()),
            title: code.title(),
            status: code.status().as_u16(),
            detail,
            request_id: request_id.to_owned(),
            errors: faults,
            members,
        };
        headers.extend(own);
        let media_type = if document.members.error.is_some() {
            OAUTH_MEDIA_TYPE
        } else {
            MEDIA_TYPE
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        // The document has texts and numbers under text keys, so serialization cannot fail.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        // Set here, because further out the body's length is no longer known, and the answer would
        // be chunked.
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        (code.status(), headers, Body::from(body)).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
