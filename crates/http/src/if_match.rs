//! `If-Match` on reads (RFC 9110, section 13.1.1): the selected representation is sent only if the
//! condition matches it. Changes check theirs before they change anything, in their own handlers.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    etag::Condition,
    problem::{Code, Problem},
};

/// The condition of a read, or the problem with it; `None` if there is none.
#[derive(Debug)]
pub(crate) struct IfMatch(Option<Result<Condition, Problem>>);

impl IfMatch {
    /// Parses the condition of a GET or HEAD. `/auth` has none: the headers that a proxy forwards
    /// belong to another request, for a representation that is not here.
    pub(crate) fn of(request: &Request) -> Self {
        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD)
            && path != "/auth"
            && !path.starts_with("/auth/");
        let condition = reads.then(|| Condition::read(request.headers(), &header::IF_MATCH));
        Self(condition.and_then(Result::transpose))
    }

    /// Returns the answer, or 412 in its place if the condition does not match. Other refusals
    /// stay, because preconditions are evaluated after them (section 13.2.1).
    pub(crate) fn judge(self, response: Response) -> Response {
        let status = response.status();
        let Self(Some(condition)) = self else {
            return response;
        };
        if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            return response;
        }
        let tag = response.headers().get(header::ETAG);
        match condition {
            Err(problem) => problem.into_response(),
            Ok(condition) if condition.matches(tag) => response,
            Ok(condition) => {
                let detail = "What is stored has another entity tag, or none.";
                let problem = Problem::new(Code::PreconditionFailed, detail);
                problem.explained(condition.weakness()).into_response()
            }
        }
    }
}
