//! The history of a tenant.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_domain::ReadTokens;

use super::Answer;
use crate::{
    auth::SignedIn,
    events::View,
    state::ConsoleState,
    view::{events, layout},
};

/// The number of events on a page.
const SIZE: u8 = 50;

/// Shows one page of a view's events.
pub(super) async fn events(
    State(app): State<ConsoleState>,
    signed: SignedIn<ReadTokens>,
    RawQuery(query): RawQuery,
) -> Answer {
    let view = View::of(query.as_deref().unwrap_or_default());
    let found = app
        .tokens
        .history(&signed.by, &view.filter, view.before, SIZE)
        .await?;
    let main = events::page(&view, &found, app.clock.now());
    Ok(layout::page(
        StatusCode::OK,
        Some(&signed.who),
        "History",
        &main,
    ))
}
