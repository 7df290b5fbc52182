//! The caller's own token: a client can always read it, and end it.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use countersign_domain::UseOwnToken;

use super::{
    super::Answer,
    precondition::{matching, precondition},
    read::unless_known,
};
use crate::{
    body::NoBody, caller::Caller, detached::run_detached, params::Params, problem::Problem,
    responses::DetailedToken, state::ApiState,
};

/// The caller's own API token
///
/// With its secrets, as far as they may be shown. The entity tag stands for the version, which
/// neither a use of the token nor the end of a replaced secret changes: to see those, ask without
/// `If-None-Match`.
#[utoipa::path(
    get, path = "/api-tokens/current", operation_id = "getCurrentToken", tag = "tokens",
    params(
        ("If-None-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags that the client holds"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of which one has to be the stored version's"),
    ),
    responses(
        (status = 200, body = DetailedToken, headers(("ETag" = String, description = "The version as an entity tag"))),
        (status = 304, description = "The client holds this version", headers(("ETag" = String))),
        (status = 400), (status = 412),
    ),
)]
pub(in crate::routes) async fn current(
    State(app): State<ApiState>,
    caller: Caller<UseOwnToken>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let view = app.tokens.current(&caller.by).await?;
    unless_known(&headers, &view, app.tokens.current_secrets(&caller.by)).await
}

/// End the caller's own API token
///
/// For good, with all of its secrets, whichever of them the caller sent. This needs no permission:
/// a working secret is enough.
#[utoipa::path(
    delete, path = "/api-tokens/current", operation_id = "revokeCurrentToken", tag = "tokens",
    params(("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
        description = "Entity tags of the version that is to be revoked")),
    responses((status = 204, description = "Revoked"), (status = 400), (status = 412)),
)]
pub(in crate::routes) async fn end(
    State(app): State<ApiState>,
    caller: Caller<UseOwnToken>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let version = match (precondition(&headers)?, caller.actor().token) {
        (Some(condition), Some(own)) => Some(matching(&app, &caller, own, &condition).await?),
        _ => None,
    };
    let (tokens, request) = (app.tokens.clone(), caller.exchange.id);
    let ended = run_detached(caller.exchange.spans, async move {
        tokens.revoke_current(caller.by, request, version).await
    });
    ended
        .await
        .map_err(|failure| Problem::of_failure::<UseOwnToken>(failure, version.is_some()))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
