//! The history of all tokens of a tenant: after a leak people revoke first and ask then.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_application::ports::EventFilter;
use countersign_domain::{Operation as _, ReadTokens};

use super::{Answer, answer, tokens::list::LIMIT};
use crate::{
    body::NoBody,
    caller::Caller,
    cursor,
    params::Params,
    responses::{TenantEventList, TenantEventRecord},
    state::ApiState,
};

/// Audit events of the tenant
///
/// Events of all its tokens, revoked ones included, the newest first. A page examines a limited
/// number of events, so a page with few or no events need not be the last: the history ends if
/// `nextCursor` is null.
///
/// The `date` of an event is the time of the decision; the event becomes visible at its commit,
/// milliseconds later or, after a disturbance, seconds. So it may appear behind newer events that a
/// client has already read. A client that polls sends a `since` one minute before the newest `date`
/// that it has seen, and recognizes known events by `tokenId` and `version`. The stream of changes
/// is in commit order.
#[utoipa::path(
    get, path = "/events", operation_id = "listEvents", tag = "tokens",
    params(
        ("since" = Option<String>, Query, format = DateTime, description = "Events at or after this instant"),
        ("actor" = Option<String>, Query, format = "uuid",
            description = "Events that this user caused: the `userId` of a token"),
        ("kind" = Option<Vec<String>>, Query, pattern = "^(created|updated|rotated|revoked)$",
            description = "Events of this kind: `created`, `updated`, `rotated` or `revoked`; may be given several times"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "How many; 50 by default"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9A-Za-z_-]{54}$",
            description = "`nextCursor` of the answer before, unchanged, beside the same other parameters"),
    ),
    responses((status = 200, body = TenantEventList), (status = 400)),
    extensions(("x-required-permission" = json!(ReadTokens::PERMISSION))),
)]
pub(in crate::routes) async fn history(
    State(app): State<ApiState>,
    caller: Caller<ReadTokens>,
    RawQuery(query): RawQuery,
    _: NoBody,
) -> Answer {
    let tenant = caller.actor().tenant;
    let mut params = Params::of(query.as_deref());
    let date = "an RFC 3339 date-time with an offset";
    let filter = EventFilter {
        since: params.single("since", date, |text| text.parse().ok()),
        actor: params.single("actor", "the id of a user", |text| text.parse().ok()),
        kinds: params.several("kind", "created, updated, rotated or revoked", |text| {
            text.parse().ok()
        }),
    };
    let limit = params.number("limit", (1, 100)).unwrap_or(LIMIT);
    let wanted = "a cursor of this list under the same parameters";
    let before = params.single("cursor", wanted, |text| {
        cursor::read_history(tenant, &filter, text)
    });
    params.finish()?;
    let found = app.tokens.history(&caller.by, &filter, before, limit);
    let found = found.await?;
    let list = TenantEventList {
        next_cursor: found
            .next
            .map(|place| cursor::of_history(tenant, &filter, place)),
        content: found
            .content
            .into_iter()
            .map(TenantEventRecord::from)
            .collect(),
        unreadable: found.unreadable.iter().map(|one| one.token).collect(),
    };
    answer(StatusCode::OK, [], &list)
}
