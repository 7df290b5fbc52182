//! The history of a token, even after its revocation, because that is when people ask for it.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_domain::{Operation as _, ReadTokens, Version};

use super::{
    super::{Answer, answer},
    list::LIMIT,
    token_id,
};
use crate::{
    body::NoBody,
    caller::Caller,
    cursor,
    params::{Id, Params},
    responses::{EventList, EventRecord},
    state::ApiState,
};

/// Audit events of an API token
///
/// The newest first; also for a revoked token.
#[utoipa::path(
    get, path = "/api-tokens/{id}/events", operation_id = "listTokenEvents", tag = "tokens",
    params(
        ("id" = String, Path, format = "uuid", description = "The token's id"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "How many; 50 by default"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{22}$",
            description = "`nextCursor` of the answer before, unchanged"),
    ),
    responses((status = 200, body = EventList), (status = 400), (status = 404)),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn events(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    id: Id,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    let tenant = caller.actor().tenant;
    let token = token_id(&id);
    let mut params = Params::of(query.as_deref());
    let limit = params.number("limit", (1, 100)).unwrap_or(LIMIT);
    let before = params.single("cursor", "a cursor of this list", |text| match &token {
        Ok(token) => cursor::read_events(tenant, *token, text),
        // There is no such token, which is what the answer says, so the cursor does not matter.
        Err(_) => Some(Version::FIRST),
    });
    params.finish()?;
    let token = token?;
    let events = app.tokens.events(&caller.by, token, before, limit).await?;
    // The versions of a token's events have no gaps, so the versions below the last one follow.
    let next_cursor = events
        .last()
        .map(|view| view.event.content.version_after)
        .filter(|version| *version > Version::FIRST)
        .map(|version| cursor::of_events(tenant, token, version));
    let list = EventList {
        content: events.into_iter().map(EventRecord::from).collect(),
        next_cursor,
    };
    answer(StatusCode::OK, [], &list)
}
