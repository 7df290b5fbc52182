//! Making a token.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_application::Failure;
use countersign_domain::{Fingerprint, Once};
use maud::html;

use super::Answer;
use crate::{
    app::App,
    entered::Entered,
    faults::Faults,
    form::{Form, TOKEN},
    signed::{Signed, Writing},
    trouble::Trouble,
    view::{fields::Fields, layout, layout::hidden, secret},
};

/// The field that keeps a form that is sent twice from making two tokens.
const KEY: &str = "key";

/// An empty form.
pub(super) async fn ask(State(app): State<App>, signed: Signed<Writing>) -> Answer {
    let mut random = [0; 16];
    app.entropy.fill(&mut random).map_err(Failure::from)?;
    let key = URL_SAFE_NO_PAD.encode(random);
    Ok(form(
        &app,
        &signed,
        &Entered::blank(),
        &Faults::default(),
        &key,
    ))
}

/// Makes the token and shows its secret, or shows what is wrong.
pub(super) async fn create(State(app): State<App>, signed: Signed<Writing>, sent: Form) -> Answer {
    let entered = Entered::of(&sent);
    let key = sent.get(KEY);
    let refused = |faults: &Faults| form(&app, &signed, &entered, faults, key);
    let draft = match entered.draft(app.clock.now()) {
        Ok(draft) => draft,
        Err(none) => return Ok(refused(&none.into())),
    };
    // The key belongs to one form, and whatever is mended in it makes another request of it: the first that is taken
    // is the only one.
    let once = Once {
        key: format!("console-{key}")
            .parse()
            .map_err(|_| Trouble::OldForm)?,
        fingerprint: Fingerprint::of(key.as_bytes()),
    };
    let (actor, request) = (signed.actor.clone(), signed.visit.request.clone());
    match app.tokens.create(actor, request, &draft, Some(once)).await {
        Ok(made) => {
            let main = secret::page(&made, "The token is made", None);
            Ok(layout::page(
                StatusCode::OK,
                Some(&signed.who),
                "The token is made",
                &main,
            ))
        }
        Err(Failure::Refused(why)) => Ok(refused(&Faults::from(&why))),
        Err(Failure::NameTaken) => Ok(refused(&Faults::name_taken())),
        // Sent twice: there is one token, and its secret was in the first answer.
        Err(Failure::AlreadyMade { token }) => {
            Ok(Redirect::to(&format!("/console/tokens/{token}?made=before")).into_response())
        }
        Err(failure) => Err(failure.into()),
    }
}

fn form(
    app: &App,
    signed: &Signed<Writing>,
    entered: &Entered,
    faults: &Faults,
    key: &str,
) -> Response {
    let policy = app.tokens.policy();
    let now = app.clock.now();
    let fields = Fields {
        entered,
        faults,
        stored: None,
        catalog: policy.catalog.permissions(),
        held: &signed.actor.permissions,
        address: signed.visit.address,
        now,
        latest: now.plus_months(policy.max_lifetime_months),
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
    let status = if faults.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    layout::page(status, Some(&signed.who), "New token", &main)
}
