//! Reads of a token.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use countersign_application::UseCaseError;
use countersign_domain::{Operation as _, ReadTokens, SecretView, TokenView};

use super::{
    super::{Answer, answer},
    token_id,
};
use crate::{
    body::NoBody,
    caller::Caller,
    etag::{Condition, etag},
    params::{Id, Params},
    responses::DetailedToken,
    state::ApiState,
};

/// An API token
///
/// With its secrets, as far as they may be shown. The entity tag stands for the version, which
/// neither a use of the token nor the end of a replaced secret changes: to see those, ask without
/// `If-None-Match`.
#[utoipa::path(
    get, path = "/api-tokens/{id}", operation_id = "getToken", tag = "tokens",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id"),
        ("If-None-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags that the client holds"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
            description = "Entity tags of which one has to be the stored version's"),
    ),
    responses(
        (status = 200, body = DetailedToken, headers(("ETag" = String, description = "The version as an entity tag"))),
        (status = 304, description = "The client holds this version", headers(("ETag" = String))),
        (status = 400), (status = 404), (status = 412),
    ),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn read(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    id: Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let id = token_id(&id)?;
    let view = app.tokens.get(&caller.by, id).await?;
    unless_known(&headers, &view, app.tokens.secrets(&caller.by, id)).await
}

/// The record with its secrets, or 304 if the client has that version (RFC 9110, section 13.1.2),
/// which needs no read of the secrets.
pub(super) async fn unless_known(
    headers: &HeaderMap,
    view: &TokenView,
    secrets: impl Future<Output = Result<Vec<SecretView>, UseCaseError>>,
) -> Answer {
    let token = &view.token;
    let tag = (header::ETAG, etag(token.version));
    let condition = Condition::read(headers, &header::IF_NONE_MATCH)?;
    if condition.is_some_and(|condition| condition.matches_weak(token.version)) {
        return Ok((StatusCode::NOT_MODIFIED, [tag]).into_response());
    }
    answer(
        StatusCode::OK,
        [tag],
        &DetailedToken::new(view, secrets.await?),
    )
}
