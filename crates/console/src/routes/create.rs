//! Creation of a token.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_application::UseCaseError;
use countersign_domain::{Fingerprint, IdempotentRequest, Timestamp, WriteTokens};
use maud::html;

use super::Answer;
use crate::{
    auth::SignedIn,
    error::PageError,
    field_errors::FieldErrors,
    form::{Form, TOKEN},
    state::ConsoleState,
    token_form::TokenForm,
    view::{fields::Fields, layout, layout::hidden, secret},
};

/// The field by which a form that is sent twice creates only one token.
const KEY: &str = "key";

/// Shows an empty form.
pub(super) async fn ask(State(app): State<ConsoleState>, signed: SignedIn<WriteTokens>) -> Answer {
    let now = app.clock.now();
    let blank = TokenForm::blank(now, latest(&app, now));
    let key = new_key(&app)?;
    Ok(form(&app, &signed, &blank, &FieldErrors::default(), &key))
}

/// Creates the token and shows its secret, or shows the faults.
pub(super) async fn create(
    State(app): State<ConsoleState>,
    signed: SignedIn<WriteTokens>,
    sent: Form,
) -> Answer {
    let entered = TokenForm::of(&sent);
    let key = sent.get(KEY);
    let refused = |faults: &FieldErrors| form(&app, &signed, &entered, faults, key);
    let draft = match entered.draft(app.clock.now()) {
        Ok(draft) => draft,
        Err(none) => return Ok(refused(&none.into())),
    };
    let once = IdempotentRequest {
        key: format!("console-{key}")
            .parse()
            .map_err(|_| PageError::OldForm)?,
        fingerprint: Fingerprint::of(format!("{entered:?}").as_bytes()),
    };
    let (by, request) = (signed.by.clone(), signed.visit.request.clone());
    match app.tokens.create(by, request, &draft, Some(once)).await {
        Ok(made) => {
            let main = secret::page(&made, "The token is made", None);
            Ok(layout::page(
                StatusCode::OK,
                Some(&signed.who),
                "The token is made",
                &main,
            ))
        }
        Err(UseCaseError::Refused(why)) => Ok(refused(&FieldErrors::of(&why, None))),
        Err(UseCaseError::NameTaken { .. }) => Ok(refused(&FieldErrors::name_taken())),
        // Somebody went back after a token was created, and edited the form for another one.
        Err(UseCaseError::KeyReused) => {
            let words = "This form has made a token already. Send it again to make another one.";
            let faults = FieldErrors {
                whole: vec![words.into()],
                ..FieldErrors::default()
            };
            Ok(form(&app, &signed, &entered, &faults, &new_key(&app)?))
        }
        // The form was sent twice: there is one token, and the first answer had its secret.
        Err(UseCaseError::AlreadyMade { token }) => {
            Ok(Redirect::to(&format!("/console/tokens/{token}?made=before")).into_response())
        }
        Err(failure) => Err(failure.into()),
    }
}

/// A key that no other form has.
fn new_key(app: &ConsoleState) -> Result<String, PageError> {
    let mut random = [0; 16];
    app.entropy.fill(&mut random).map_err(UseCaseError::from)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// The latest expiry of a token that is created now.
fn latest(app: &ConsoleState, now: Timestamp) -> Timestamp {
    now.plus_months(app.tokens.policy().max_lifetime_months)
}

fn form(
    app: &ConsoleState,
    signed: &SignedIn<WriteTokens>,
    entered: &TokenForm,
    faults: &FieldErrors,
    key: &str,
) -> Response {
    let policy = app.tokens.policy();
    let now = app.clock.now();
    let fields = Fields {
        entered,
        faults,
        stored: None,
        catalog: policy.catalog.permissions(),
        held: &signed.by.actor().permissions,
        address: signed.visit.address,
        now,
        latest: latest(app, now),
    };
    let main = html! {
        h1 { "New token" }
        form.token method="post" action="/console/tokens/new" novalidate {
            (hidden(TOKEN, &signed.who.form_token))
            (hidden(KEY, key))
            (fields.markup())
            div.actions {
                button.primary type="submit" { "Make the token" }
                a.button.quiet href="/console" { "Cancel" }
            }
        }
    };
    layout::page(faults.status(), Some(&signed.who), "New token", &main)
}
