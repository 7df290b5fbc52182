//! The early end of a replaced secret, before its overlap is over.

use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use countersign_domain::{Operation as _, PartialToken, RetireSecrets, SecretChoice, TokenId};

use super::{
    super::Answer,
    precondition::{matching, precondition},
};
use crate::{
    body::NoBody, caller::Caller, detached::run_detached, etag::etag, params::Params,
    problem::Problem, state::ApiState,
};

/// End an older secret of an API token
///
/// At once and for good: no request with it is admitted any more, and no change that was in
/// progress with it is stored. The newest secret and the token work on. The secret is named by its
/// `id`, or by the part that is shown of it. For a token's own secrets this needs no permission.
#[utoipa::path(
    post, path = "/api-tokens/{id}/secrets/{secret}/retire", operation_id = "retireSecret", tag = "tokens",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id"),
        ("secret" = String, Path, description =
            "The secret's `id`, its `partialToken` in percent-encoding, or the last four characters of that"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of the version that the token has to have"),
    ),
    responses(
        (status = 204, description = "Ended", headers(("ETag" = String, description = "The version since, as an entity tag"))),
        (status = 400), (status = 404), (status = 409), (status = 412),
    ),
    extensions(("x-required-permission" = json!(RetireSecrets::PERMISSION))),
)]
pub(in crate::routes) async fn retire(
    State(app): State<ApiState>,
    caller: Caller<RetireSecrets>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    let (id, secret) = path.map(|Path(names)| names).unwrap_or_default();
    let id = id.parse().ok();
    caller.may_change(id)?;
    Params::none(query.as_deref())?;
    let id: TokenId = id.ok_or_else(Problem::token_not_found)?;
    let choice = choice(&secret).ok_or_else(Problem::secret_not_found)?;
    let version = match precondition(&headers)? {
        None => None,
        Some(condition) => Some(matching(&app, &caller, id, &condition).await?),
    };
    let (tokens, by, request) = (app.tokens.clone(), caller.by, caller.exchange.id);
    let ended = run_detached(caller.exchange.spans, async move {
        tokens.retire(&by, request, (id, version), &choice).await
    });
    let version = ended
        .await
        .map_err(|failure| Problem::of_failure::<RetireSecrets>(failure, version.is_some()))?;
    Ok((StatusCode::NO_CONTENT, [(header::ETAG, etag(version))]).into_response())
}

fn choice(name: &str) -> Option<SecretChoice> {
    if let Ok(commitment) = name.parse() {
        return Some(SecretChoice::Commitment(commitment));
    }
    if PartialToken::is_end(name) {
        return Some(SecretChoice::End(name.into()));
    }
    PartialToken::parse(name).ok().map(SecretChoice::Partial)
}
