//! Update of a token: fill in, review, save; and if somebody else was quicker, merge both edits.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_application::{UpdateResult, UseCaseError};
use countersign_domain::{Changes, TokenView, Version, WriteTokens};
use maud::html;

use super::{Answer, Id};
use crate::{
    auth::SignedIn,
    error::PageError,
    field_errors::FieldErrors,
    form::{Form, TOKEN},
    merge_base,
    state::ConsoleState,
    token_form::TokenForm,
    view::{fields::Fields, layout, layout::hidden, merge, review},
};

/// Shows the form with the stored values.
pub(super) async fn ask(
    State(app): State<ConsoleState>,
    signed: SignedIn<WriteTokens>,
    Id(id): Id,
) -> Answer {
    let view = app.tokens.get(&signed.reader, id).await?;
    let entered = TokenForm::stored(&view.token);
    Ok(form(
        &app,
        &signed,
        &view,
        &entered,
        &FieldErrors::default(),
    ))
}

/// Takes one step of the edit, by the button that was pressed.
pub(super) async fn edit(
    State(app): State<ConsoleState>,
    signed: SignedIn<WriteTokens>,
    Id(id): Id,
    sent: Form,
) -> Answer {
    let view = app.tokens.get(&signed.reader, id).await?;
    let now = app.clock.now();
    let entered = TokenForm::of(&sent).settled(now);
    let expected = sent.version("version").ok_or(PageError::OldForm)?;
    // Before anything else in the form is checked: the corrected form would otherwise be sent for a
    // version that nobody has seen.
    if expected != view.token.version {
        return merge(&app, &signed, &view, expected, &entered).await;
    }
    if sent.get("step") == "edit" {
        return Ok(form(
            &app,
            &signed,
            &view,
            &entered,
            &FieldErrors::default(),
        ));
    }
    let edit = match entered.edit(&view.token, now) {
        Ok(edit) => edit,
        Err(none) => return Ok(form(&app, &signed, &view, &entered, &none.into())),
    };
    let save = sent.get("step") == "save";
    let (by, request) = (signed.by.clone(), signed.visit.request.clone());
    let updated = app
        .tokens
        .update(by, request, (id, expected), &edit, !save)
        .await;
    match updated {
        Ok(UpdateResult { changes, .. }) if save || changes == Changes::default() => {
            let nothing = changes == Changes::default();
            let done = if nothing { "unchanged" } else { "saved" };
            Ok(Redirect::to(&format!("/console/tokens/{id}?done={done}")).into_response())
        }
        Ok(UpdateResult { changes, .. }) => {
            let main = review::page(&signed.who, &view, &entered, &changes);
            Ok(layout::page(
                StatusCode::OK,
                Some(&signed.who),
                "Review",
                &main,
            ))
        }
        Err(UseCaseError::Refused(refused)) => Ok(form(
            &app,
            &signed,
            &view,
            &entered,
            &FieldErrors::of(&refused, Some(&view.token.permissions)),
        )),
        Err(UseCaseError::NameTaken { .. }) => Ok(form(
            &app,
            &signed,
            &view,
            &entered,
            &FieldErrors::name_taken(),
        )),
        Err(UseCaseError::Stale { current, .. }) => {
            let current = current.map_or(view, |current| *current);
            merge(&app, &signed, &current, expected, &entered).await
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Shows the page that merges both edits.
async fn merge(
    app: &ConsoleState,
    signed: &SignedIn<WriteTokens>,
    current: &TokenView,
    version: Version,
    entered: &TokenForm,
) -> Answer {
    let since = merge_base::since(app, &signed.reader, &current.token, version).await?;
    let main = merge::page(&signed.who, current, &since, entered, app.clock.now());
    Ok(layout::page(
        StatusCode::CONFLICT,
        Some(&signed.who),
        "Changed meanwhile",
        &main,
    ))
}

fn form(
    app: &ConsoleState,
    signed: &SignedIn<WriteTokens>,
    view: &TokenView,
    entered: &TokenForm,
    faults: &FieldErrors,
) -> Response {
    let (policy, token) = (app.tokens.policy(), &view.token);
    let fields = Fields {
        entered,
        faults,
        stored: Some(token),
        catalog: policy.catalog.permissions(),
        held: &signed.by.actor().permissions,
        address: signed.visit.address,
        now: app.clock.now(),
        latest: token.created.plus_months(policy.max_lifetime_months),
    };
    let main = html! {
        h1 { "Edit " bdi { (token.name.as_str()) } }
        @if token.is_expired(app.clock.now()) {
            (layout::notice("warn", &html! { "This token has expired. It can be renamed or narrowed, not revived: make a new one instead." }))
        }
        form.token method="post" action={ "/console/tokens/" (token.id) "/edit" } novalidate {
            (hidden(TOKEN, &signed.who.form_token))
            (hidden("version", &token.version.to_string()))
            (fields.markup())
            div.actions {
                button.primary type="submit" name="step" value="review" { "Review the changes" }
                a.button.quiet href={ "/console/tokens/" (token.id) } { "Cancel" }
            }
        }
    };
    layout::page(faults.status(), Some(&signed.who), "Edit", &main)
}
