//! The list of tokens.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};

use super::Answer;
use crate::{
    auth::{Reading, SignedIn},
    list_query::ListQuery,
    state::ConsoleState,
    view::{layout, tokens},
};

/// Shows one page of a view's tokens.
pub(super) async fn list(
    State(app): State<ConsoleState>,
    signed: SignedIn<Reading>,
    RawQuery(query): RawQuery,
) -> Answer {
    let view = ListQuery::of(query.as_deref().unwrap_or_default());
    let now = app.clock.now();
    let found = app
        .tokens
        .query(
            &signed.actor,
            &view.filter(now),
            &view.order(),
            view.request(),
        )
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
