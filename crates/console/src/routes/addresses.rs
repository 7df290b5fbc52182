//! Check of a list of addresses while it is typed, by the rules themselves and not by a copy of
//! them in the browser.

use axum::{
    extract::RawQuery,
    response::{Html, IntoResponse},
};
use countersign_domain::{AllowedAddresses, InvalidAddresses, ReadTokens};
use maud::{Markup, html};

use super::Answer;
use crate::{auth::SignedIn, form::Form, token_form::TokenForm};

/// A part of a page with the faults, or with the list as it will be stored.
pub(super) async fn check(_: SignedIn<ReadTokens>, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let lines = TokenForm::of(&form).address_lines();
    Ok(Html(verdicts(&lines).into_string()).into_response())
}

fn verdicts(lines: &[String]) -> Markup {
    match AllowedAddresses::parse(lines) {
        Ok(_) if lines.is_empty() => html! { p.faint { "Any address may use the token." } },
        Ok(list) => html! {
            @let count = list.iter().count();
            p.good-text { "✓ " (count) @if count == 1 { " entry" } @else { " entries" } }
        },
        Err(InvalidAddresses::TooMany(count)) => html! {
            div.fault { p { "At most " (AllowedAddresses::MAX) ", these are " (count) "." } }
        },
        Err(InvalidAddresses::Entries(faults)) => html! {
            div.fault {
                @for (index, fault) in &faults {
                    p {
                        code { (lines.get(*index).map_or("", String::as_str)) } ": "
                        (fault)
                    }
                }
            }
        },
    }
}
