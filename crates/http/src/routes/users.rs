//! Users: the owner of an id in a record or an event.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_application::UseCaseError;
use countersign_domain::{Operation as _, ReadUsers, UseOwnToken};

use super::{Answer, answer};
use crate::{
    body::NoBody,
    caller::Caller,
    params::{Id, Params},
    responses::UserRecord,
    state::ApiState,
};

/// The caller's own user
///
/// The user that stands for the token of the request.
#[utoipa::path(
    get, path = "/users/current", operation_id = "getCurrentUser", tag = "users",
    responses((status = 200, body = UserRecord), (status = 400)),
)]
pub(super) async fn current(
    State(app): State<ApiState>,
    caller: Caller<UseOwnToken>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let user = app.users.current(&caller.by).await?;
    answer(StatusCode::OK, [], &UserRecord::from(user))
}

/// A user
///
/// Looks up the id that records and events hold. Users are kept when their token is revoked.
#[utoipa::path(
    get, path = "/users/{id}", operation_id = "getUser", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "The user's id")),
    responses((status = 200, body = UserRecord), (status = 400), (status = 404)),
    extensions(("x-required-permission" = json!(ReadUsers::PERMISSION))),
)]
pub(super) async fn read(
    State(app): State<ApiState>,
    caller: Caller<ReadUsers>,
    id: Id,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let id = id.parse().ok_or(UseCaseError::UserNotFound)?;
    let user = app.users.get(&caller.by, id).await?;
    answer(StatusCode::OK, [], &UserRecord::from(user))
}
