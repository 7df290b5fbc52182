//! Revoking a token, once its name was typed.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};

use super::{Answer, token_id};
use crate::{
    app::App,
    form::Form,
    signed::{Deleting, Signed},
    view::{layout, take_back},
};

/// Asks.
pub(super) async fn ask(
    State(app): State<App>,
    signed: Signed<Deleting>,
    Path(id): Path<String>,
) -> Answer {
    let view = app.tokens.get(&signed.actor, token_id(&id)?).await?;
    let main = take_back::revoke(&signed.who, &view, "", None);
    Ok(layout::page(
        StatusCode::OK,
        Some(&signed.who),
        "Revoke",
        &main,
    ))
}

/// Revokes it, whatever version it has come to: nobody can keep a token by changing it.
pub(super) async fn revoke(
    State(app): State<App>,
    signed: Signed<Deleting>,
    Path(id): Path<String>,
    sent: Form,
) -> Answer {
    let id = token_id(&id)?;
    let view = app.tokens.get(&signed.actor, id).await?;
    let typed = sent.get("name");
    if typed.trim() != view.token.name.as_str() {
        let fault = "That is not its name. Nothing was revoked.";
        let main = take_back::revoke(&signed.who, &view, typed, Some(fault));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(layout::page(status, Some(&signed.who), "Revoke", &main));
    }
    let (actor, request) = (signed.actor, signed.visit.request);
    app.tokens.revoke(actor, request, id, None).await?;
    Ok(Redirect::to(&format!("/console/tokens/{id}")).into_response())
}
