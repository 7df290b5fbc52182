//! The token endpoint, which is there because validators of metadata insist on one (RFC 8414, section 2).

use crate::problem::{Code, Problem};

/// Refuse to grant a token
///
/// Tokens are made by `POST /api/v1/api-tokens`, and no grant of OAuth makes one: each is `unsupported_grant_type`.
#[utoipa::path(
    post, path = "/oauth2/token", operation_id = "requestToken", tag = "checks", security(),
    responses((status = 400, description = "In any case: `unsupported_grant_type`")),
)]
pub(in crate::routes) async fn token() -> Problem {
    let detail = "Tokens are made by POST /api/v1/api-tokens; no grant of OAuth makes one.";
    Problem::new(Code::UnsupportedGrantType, detail)
}
