//! The token endpoint, which exists because validators of metadata insist on one (RFC 8414, section
//! 2).

use crate::problem::{Code, Problem};

/// Refuses every grant: tokens are created by `POST /api/v1/api-tokens`.
pub(in crate::routes) async fn token() -> Problem {
    let detail = "Tokens are made by POST /api/v1/api-tokens; no grant of OAuth makes one.";
    Problem::new(Code::UnsupportedGrantType, detail)
}
