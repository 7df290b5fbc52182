//! Rotation of a token's secret.

use axum::{extract::State, http::StatusCode, response::Response};
use countersign_application::UseCaseError;
use countersign_domain::{Overlap, TokenView, WriteTokens};

use super::{Answer, Id};
use crate::{
    auth::SignedIn,
    error::PageError,
    field_errors::FieldErrors,
    form::Form,
    state::ConsoleState,
    view::{confirm, layout, secret},
};

/// Asks how long the old secret works.
pub(super) async fn ask(
    State(app): State<ConsoleState>,
    signed: SignedIn<WriteTokens>,
    Id(id): Id,
) -> Answer {
    let view = app.tokens.get(&signed.reader, id).await?;
    Ok(page(&signed, &view, StatusCode::OK, None))
}

/// Makes the secret and shows it.
pub(super) async fn rotate(
    State(app): State<ConsoleState>,
    signed: SignedIn<WriteTokens>,
    Id(id): Id,
    sent: Form,
) -> Answer {
    let version = sent.version("version").ok_or(PageError::OldForm)?;
    let seconds: u32 = sent
        .get("overlap")
        .parse()
        .map_err(|_| PageError::OldForm)?;
    let overlap = Overlap::try_from(seconds).map_err(|_| PageError::OldForm)?;
    let by = signed.by.actor().clone().authorize()?;
    let request = signed.visit.request.clone();
    let rotated = app
        .tokens
        .rotate(&by, request, (id, version), overlap)
        .await;
    let (status, fault) = match rotated {
        Ok(made) => {
            let main = secret::page(&made, "The new secret", note(overlap));
            return Ok(layout::page(StatusCode::OK, Some(&signed.who), "The new secret", &main));
        }
        Err(UseCaseError::Stale { .. }) => (
            StatusCode::CONFLICT,
            "Somebody changed the token meanwhile; perhaps they made a new secret, too. Nothing of yours was stored. Look again before you go on.".to_owned(),
        ),
        Err(UseCaseError::Refused(refused)) => {
            let faults = FieldErrors::of(&refused, None);
            let words = [faults.whole, faults.permissions, faults.expiry].concat();
            (StatusCode::FORBIDDEN, words.join(" "))
        }
        Err(failure) => return Err(failure.into()),
    };
    let view = app.tokens.get(&signed.reader, id).await?;
    Ok(page(&signed, &view, status, Some(&fault)))
}

fn note(overlap: Overlap) -> Option<&'static str> {
    (overlap == Overlap::NONE).then_some("The secret that it had before has stopped working.")
}

fn page(
    signed: &SignedIn<WriteTokens>,
    view: &TokenView,
    status: StatusCode,
    fault: Option<&str>,
) -> Response {
    let main = confirm::rotate(&signed.who, view, fault);
    layout::page(status, Some(&signed.who), "New secret", &main)
}
