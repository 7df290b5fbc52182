//! The version that a change is made for: the body may name it, or `If-Match`, and if both do they
//! must agree.

use axum::http::{HeaderMap, header};
use countersign_application::UseCaseError;
use countersign_domain::{Operation, TokenId, Version};

use crate::{
    body::{self, Fields},
    caller::Caller,
    etag::{self, Condition},
    problem::{FieldError, Problem},
    state::ApiState,
};

/// Parses `If-Match`. `*` requires no more than a version in the body does, and does not replace
/// one.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Option<Condition>, Problem> {
    etag::refuse(headers, &header::IF_NONE_MATCH)?;
    let condition = Condition::read(headers, &header::IF_MATCH)?;
    Ok(condition.filter(|condition| *condition != Condition::Any))
}

/// The version in the body, which is required unless a precondition replaces it.
pub(super) fn version(fields: &mut Fields<'_>, condition: Option<&Condition>) -> Option<Version> {
    if condition.is_none() {
        let why = "the version is required: here, or as an entity tag in the header If-Match";
        fields.required_because("version", body::version, why)
    } else {
        fields.optional("version", body::version)
    }
}

/// The one version that the request is made for.
pub(super) async fn expected<O: Operation>(
    app: &ApiState,
    caller: &Caller<O>,
    id: TokenId,
    version: Option<Version>,
    condition: Option<Condition>,
) -> Result<Version, Problem> {
    match (condition, version) {
        // One of the two was required when the body was parsed.
        (None, None) => Err(Problem::internal()),
        (None, Some(version)) => Ok(version),
        (Some(condition), Some(version)) if condition.matches_strong(version) => Ok(version),
        (Some(condition), Some(_)) if !condition.never_holds() => Err(disagreeing()),
        (Some(condition), _) => matching(app, caller, id, &condition).await,
    }
}

/// The stored version, if the condition names it (RFC 9110, section 13.1.1); one of several tags
/// may match.
pub(super) async fn matching<O: Operation>(
    app: &ApiState,
    caller: &Caller<O>,
    id: TokenId,
    condition: &Condition,
) -> Result<Version, Problem> {
    let holds = |version| condition.matches_strong(version);
    let found = app.tokens.version_where(&caller.by, id, holds).await;
    found.map_err(|failure| {
        let stale = matches!(failure, UseCaseError::Stale { .. });
        let weakness = condition.weakness().filter(|_| stale);
        Problem::of_failure::<O>(failure, true).explained(weakness)
    })
}

fn disagreeing() -> Problem {
    let detail = "If-Match and the version in the body name different versions";
    Problem::invalid_parameters(vec![
        FieldError::in_parameter("If-Match", "disagreeing-versions", detail),
        FieldError::at("/version", "disagreeing-versions", detail),
    ])
}
