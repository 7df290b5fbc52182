//! The catalog of permissions that can be granted.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_domain::UseOwnToken;

use super::{Answer, answer};
use crate::{
    body::NoBody,
    caller::Caller,
    params::Params,
    responses::{PermissionList, PermissionRecord},
    state::ApiState,
};

/// All permissions that can be granted
///
/// The catalog of this service, in the order of the names.
#[utoipa::path(
    get, path = "/permissions", operation_id = "listPermissions", tag = "permissions",
    responses((status = 200, body = PermissionList), (status = 400)),
)]
pub(super) async fn permissions(
    State(app): State<ApiState>,
    caller: Caller<UseOwnToken>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    Params::none(query.as_deref())?;
    let catalog = &app.tokens.policy().catalog;
    let names = if app.settings().home == Some(caller.actor().tenant) {
        catalog.permissions().clone()
    } else {
        catalog.of_one_tenant()
    };
    let list = PermissionList {
        content: names.iter().map(PermissionRecord::from).collect(),
    };
    answer(StatusCode::OK, [], &list)
}
