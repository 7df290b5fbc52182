//! The answer to a rate limit that is reached.

use axum::http::{HeaderName, header};
use countersign_application::LimitReached;

use super::{Code, Problem};

/// The remaining quota and the limit itself, as Structured Fields (RFC 9651).
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The headers are those of draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.
impl From<LimitReached> for Problem {
    fn from(reached: LimitReached) -> Self {
        let LimitReached {
            policy,
            per_minute,
            wait_seconds,
        } = reached;
        let detail = format!("The limit {policy} of {per_minute} a minute is reached.");
        Self::new(Code::TooManyRequests, detail)
            .with_header(header::RETRY_AFTER, wait_seconds.to_string())
            .with_header(
                RATELIMIT_POLICY,
                format!("\"{policy}\";q={per_minute};w=60"),
            )
            .with_header(RATELIMIT, format!("\"{policy}\";r=0;t={wait_seconds}"))
    }
}
