//! Revoking a token.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};

use super::{
    super::Answer,
    expected::{matching, precondition},
    token_id,
};
use crate::{
    caller::{Caller, DeleteTokens},
    params::{Id, Params},
    problem::Problem,
    services::App,
    whole::to_its_end,
};

/// Revoke an API token
///
/// For good, and whichever version is stored, unless `If-Match` names one.
#[utoipa::path(
    delete, path = "/api-tokens/{id}", operation_id = "revokeToken", tag = "tokens",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of the version that is to be revoked"),
    ),
    responses((status = 204, description = "Revoked"), (status = 400), (status = 404), (status = 409), (status = 412)),
    extensions(("x-required-permission" = json!("api.api-tokens.delete"))),
)]
pub(in crate::routes) async fn revoke(
    State(app): State<App>,
    caller: Caller<DeleteTokens>,
    id: Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    Params::none(query.as_deref())?;
    let id = token_id(&id)?;
    let expected = match precondition(&headers)? {
        None => None,
        Some(condition) => Some(matching(&app, &caller, id, &condition).await?),
    };
    let (tokens, actor, request) = (app.tokens.clone(), caller.actor, caller.exchange.id);
    let spans = caller.exchange.spans;
    to_its_end(spans, async move {
        tokens.revoke(actor, request, id, expected).await
    })
    .await
    .map_err(|failure| Problem::of_failure::<DeleteTokens>(failure, expected.is_some()))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
