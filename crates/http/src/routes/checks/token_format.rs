//! The form of API tokens, for scanners that look for leaked ones.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_domain::TokenPrefix;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{Answer, answer};
use crate::{body::NoBody, params::Params, state::ApiState};

/// The form of API tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenFormat)]
pub(crate) struct TokenFormatRecord {
    /// The prefixes in use, that of new tokens first.
    #[schema(pattern = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    prefixes: Vec<String>,
    /// A regular expression that finds tokens with these prefixes in a text.
    #[schema(example = r"\b(?:csg)_[0-9A-Za-z]{49}\b")]
    pattern: String,
}

/// How API tokens look
///
/// For scanners of repositories and logs. A token is a prefix, an underscore, 43 random characters
/// and 6 of a checksum, so that a scanner can tell real ones from others: the CRC-32 of everything
/// before it, as six digits of base 62 (0-9, A-Z, a-z), the highest first.
#[utoipa::path(
    get, path = "/.well-known/countersign-token-format", operation_id = "tokenFormat", tag = "checks", security(),
    responses((status = 200, body = TokenFormatRecord), (status = 400)),
)]
pub(in crate::routes) async fn token_format(
    State(app): State<ApiState>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let format = &app.settings().token_format;
    let record = TokenFormatRecord {
        prefixes: format
            .prefixes()
            .iter()
            .map(TokenPrefix::to_string)
            .collect(),
        pattern: format.pattern(),
    };
    answer(StatusCode::OK, [], &record)
}
