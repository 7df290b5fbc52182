//! The catalog: what can be granted here.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};

use super::{Answer, answer};
use crate::{
    caller::{AnyToken, Caller},
    params::Params,
    records::{PermissionList, PermissionRecord},
    services::App,
};

/// All permissions that can be granted
#[utoipa::path(
    get, path = "/permissions", operation_id = "listPermissions", tag = "permissions",
    responses((status = 200, body = PermissionList), (status = 400)),
)]
pub(super) async fn permissions(
    State(app): State<App>,
    _: Caller<AnyToken>,
    RawQuery(query): RawQuery,
) -> Answer {
    Params::none(query.as_deref())?;
    let catalog = app.tokens.policy().catalog.permissions();
    let list = PermissionList {
        content: catalog.iter().map(PermissionRecord::from).collect(),
    };
    answer(StatusCode::OK, [], &list)
}
