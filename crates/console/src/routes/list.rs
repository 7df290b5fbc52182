//! The list of tokens.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_domain::ReadTokens;

use super::Answer;
use crate::{
    auth::SignedIn,
    list_query::ListQuery,
    state::ConsoleState,
    view::{layout, tokens},
};

/// Shows one page of a view's tokens.
pub(super) async fn list(
    State(app): State<ConsoleState>,
    signed: SignedIn<ReadTokens>,
    RawQuery(query): RawQuery,
) -> Answer {
    let view = ListQuery::of(query.as_deref().unwrap_or_default());
    let now = app.clock.now();
    let found = app
        .tokens
        .query(&signed.by, &view.filter(now), &view.order(), view.request())
        .await?;
    let catalog = app.tokens.policy().catalog.permissions();
    let main = tokens::page(&signed.who, &view, &found, catalog, now);
    Ok(layout::page(
        StatusCode::OK,
        Some(&signed.who),
        "Tokens",
        &main,
    ))
}
