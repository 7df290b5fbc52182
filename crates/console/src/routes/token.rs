//! The page of a token, or of a revoked one.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use countersign_application::{
    UseCaseError,
    ports::{EventView, Unreadable},
};
use countersign_domain::{Authorized, EventKind, ReadTokens, TokenId, Version};
use maud::{Markup, html};

use super::{Answer, Id};
use crate::{
    auth::SignedIn,
    error::PageError,
    form::Form,
    state::ConsoleState,
    view::{format, history, layout, token},
};

/// The number of events on a page.
const EVENTS: u8 = 20;

/// Shows the page of a token.
pub(super) async fn token(
    State(app): State<ConsoleState>,
    signed: SignedIn<ReadTokens>,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let before = query.version("before");
    let (by, now) = (&signed.by, app.clock.now());
    let read = async {
        let view = app.tokens.get(by, id).await?;
        Ok((view, app.tokens.secrets(by, id).await?))
    };
    let (title, record) = match read.await {
        Ok((view, secrets)) => {
            let record = html! {
                @if let Some(words) = done(&query) { (layout::notice("good", &html! { (words) })) }
                (token::record(&signed.who, &view, &secrets, now))
            };
            (view.token.name.as_str().to_owned(), record)
        }
        Err(UseCaseError::TokenNotFound) => revoked(&app, &signed, id).await?,
        Err(UseCaseError::Unreadable(why)) => {
            note(why);
            (
                "Unreadable token".into(),
                token::unreadable(&signed.who, id),
            )
        }
        Err(failure) => return Err(failure.into()),
    };
    let events = match app.tokens.events(by, id, before, EVENTS).await {
        // The state of the chain reports it.
        Err(UseCaseError::Unreadable(why)) => {
            note(why);
            Vec::new()
        }
        events => events?,
    };
    // The versions of a token's events have no gaps, so the versions below the last one follow.
    let older = oldest(&events).filter(|version| *version > Version::FIRST);
    let chain = if before.is_none() {
        Some(app.chain_checks().verify(&app.audit, by, id).await?)
    } else {
        None
    };
    let main = html! {
        (record)
        (history::section(id, &events, older, chain, now))
    };
    Ok(layout::page(
        StatusCode::OK,
        Some(&signed.who),
        &title,
        &main,
    ))
}

fn note(unreadable: Unreadable) {
    tracing::error!(error = %unreadable, "a token cannot be read");
}

fn oldest(events: &[EventView]) -> Option<Version> {
    events.last().map(|view| view.event.content.version_after)
}

/// The notice about the last step, if the address has one.
fn done(query: &Form) -> Option<&'static str> {
    match (query.get("done"), query.get("made")) {
        ("saved", _) => Some("The changes are saved."),
        ("unchanged", _) => Some("Nothing had to be changed: everything is as you entered it."),
        (_, "before") => Some(
            "This form was sent twice. There is one token, and its secret was shown once, on the first answer. If it is lost, make a new secret.",
        ),
        _ => None,
    }
}

/// The head of the page of a token of which only the history is left.
async fn revoked(
    app: &ConsoleState,
    signed: &SignedIn<ReadTokens>,
    id: TokenId,
) -> Result<(String, Markup), PageError> {
    let events = app.tokens.events(&signed.by, id, None, 100).await?;
    let last = events
        .first()
        .filter(|view| view.event.content.kind == EventKind::Revoked);
    let Some(last) = last else {
        return Err(PageError::NoToken);
    };
    let name = last_name(&events);
    let content = &last.event.content;
    let head = html! {
        div.title { h1 { bdi { (name) } " " span.badge.off { "Revoked" } } }
        @if signed.who.deletes { p { a.button.danger href={ "/console/tokens/" (id) "/descendants" } { "Revoke what it made" } } }
        p.lead { "Revoked by " bdi { (last.by_name) } " " (format::both(content.at, app.clock.now())) ". It has no working secret." }
    };
    Ok((name, head))
}

/// The current name of a token, or its last one.
pub(super) async fn name_of(
    app: &ConsoleState,
    by: &Authorized<ReadTokens>,
    id: TokenId,
) -> Result<String, PageError> {
    match app.tokens.get(by, id).await {
        Ok(view) => Ok(view.token.name.as_str().to_owned()),
        Err(UseCaseError::Unreadable(_)) => Ok(id.to_string()),
        Err(UseCaseError::TokenNotFound) => {
            Ok(last_name(&app.tokens.events(by, id, None, 100).await?))
        }
        Err(failure) => Err(failure.into()),
    }
}

fn last_name(events: &[EventView]) -> String {
    let mut names = events
        .iter()
        .filter_map(|view| view.event.content.changes.name.as_ref());
    let name = names.find_map(|name| name.after.as_ref());
    name.map_or_else(
        || "Revoked token".to_owned(),
        |name| name.as_str().to_owned(),
    )
}
