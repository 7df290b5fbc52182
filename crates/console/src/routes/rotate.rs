//! Giving a token a new secret.

use axum::{extract::State, http::StatusCode, response::Response};
use countersign_application::Failure;
use countersign_domain::{Overlap, TokenView};

use super::{Answer, Id};
use crate::{
    app::App,
    faults::Faults,
    form::Form,
    signed::{Signed, Writing},
    trouble::Trouble,
    view::{layout, secret, take_back},
};

/// Asks how long the old secret goes on.
pub(super) async fn ask(State(app): State<App>, signed: Signed<Writing>, Id(id): Id) -> Answer {
    let view = app.tokens.get(&signed.actor, id).await?;
    Ok(page(&signed, &view, StatusCode::OK, None))
}

/// Makes the secret and shows it.
pub(super) async fn rotate(
    State(app): State<App>,
    signed: Signed<Writing>,
    Id(id): Id,
    sent: Form,
) -> Answer {
    let version = sent.version("version").ok_or(Trouble::OldForm)?;
    let seconds: u32 = sent.get("overlap").parse().map_err(|_| Trouble::OldForm)?;
    let overlap = Overlap::try_from(seconds).map_err(|_| Trouble::OldForm)?;
    let (actor, request) = (signed.actor.clone(), signed.visit.request.clone());
    let rotated = app
        .tokens
        .rotate(actor, request, (id, version), overlap)
        .await;
    let (status, fault) = match rotated {
        Ok(made) => {
            let main = secret::page(&made, "The new secret", note(overlap));
            return Ok(layout::page(StatusCode::OK, Some(&signed.who), "The new secret", &main));
        }
        Err(Failure::Stale { .. }) => (
            StatusCode::CONFLICT,
            "Somebody changed the token meanwhile; perhaps they made a new secret, too. Nothing of yours was stored. Look again before you go on.".to_owned(),
        ),
        Err(Failure::Refused(refused)) => {
            let faults = Faults::of(&refused, None);
            let words = [faults.whole, faults.permissions, faults.expiry].concat();
            (StatusCode::FORBIDDEN, words.join(" "))
        }
        Err(failure) => return Err(failure.into()),
    };
    let view = app.tokens.get(&signed.actor, id).await?;
    Ok(page(&signed, &view, status, Some(&fault)))
}

fn note(overlap: Overlap) -> Option<&'static str> {
    (overlap == Overlap::NONE).then_some("The secret that it had before has stopped working.")
}

fn page(
    signed: &Signed<Writing>,
    view: &TokenView,
    status: StatusCode,
    fault: Option<&str>,
) -> Response {
    let main = take_back::rotate(&signed.who, view, fault);
    layout::page(status, Some(&signed.who), "New secret", &main)
}
