//! The list of all tokens in a stable order, at the same cost for every page.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};

use countersign_domain::{Operation as _, ReadTokens, TenantId, TokenId};

use super::super::{Answer, answer};
use crate::{
    body::NoBody,
    caller::Caller,
    cursor,
    params::Params,
    responses::{TokenList, TokenRecord},
    state::ApiState,
};

type Read = fn(TenantId, &str) -> Option<TokenId>;
type Write = fn(TenantId, TokenId) -> String;

/// The number of records if the client gives no limit.
pub(in crate::routes) const LIMIT: u8 = 50;

/// List API tokens
///
/// In the order of their ids. No token comes twice, and none that exists throughout is skipped,
/// whatever is created or revoked in the meantime. Lists live tokens, or with `revoked=true` the
/// revoked ones.
#[utoipa::path(
    get, path = "/api-tokens", operation_id = "listTokens", tag = "tokens",
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "How many; 50 by default"),
        ("revoked" = Option<bool>, Query, description = "Whether revoked tokens are listed, in place of the live ones; false by default"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{32}$",
            description = "`nextCursor` of the answer before, unchanged"),
    ),
    responses((status = 200, body = TokenList), (status = 400)),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn list(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    let tenant = caller.actor().tenant;
    let mut params = Params::of(query.as_deref());
    let limit = params.number("limit", (1, 100)).unwrap_or(LIMIT);
    let revoked = params.flag("revoked");
    let (read, write) = if revoked {
        (cursor::read_revoked as Read, cursor::of_revoked as Write)
    } else {
        (cursor::read_list as Read, cursor::of_list as Write)
    };
    let after = params.single("cursor", "a cursor of this list", |text| read(tenant, text));
    params.finish()?;
    // One record more than shown says whether the list continues.
    let (tokens, more) = (&app.tokens, limit + 1);
    let mut listed = if revoked {
        tokens.list_revoked(&caller.by, after, more).await?
    } else {
        tokens.list(&caller.by, after, more).await?
    };
    let last = listed.truncate(limit.into());
    let next_cursor = last.map(|last| write(tenant, last));
    let body = TokenList {
        content: listed.content.iter().map(TokenRecord::from).collect(),
        next_cursor,
        unreadable: listed.unreadable.iter().map(|one| one.token).collect(),
    };
    answer(StatusCode::OK, [], &body)
}
