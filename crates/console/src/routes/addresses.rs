//! Whether what is being typed is a list of addresses, by the rules themselves and not by a copy of them in the browser.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign_domain::{AllowedAddresses, InvalidAddress, InvalidAddresses};
use maud::{Markup, html};

use super::Answer;
use crate::{
    app::App,
    entered::Entered,
    form::Form,
    signed::{Reading, Signed},
};

/// A piece of a page that tells what is wrong, or what the list will be.
pub(super) async fn check(
    State(_): State<App>,
    _: Signed<Reading>,
    RawQuery(query): RawQuery,
) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let lines = Entered::of(&form).address_lines();
    Ok(piece(&told(&lines)))
}

fn told(lines: &[String]) -> Markup {
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
                        @match fault {
                            InvalidAddress::HostBitsSet { network } => { "host bits are set; the network is " code { (network) } },
                            InvalidAddress::Syntax | InvalidAddress::MappedPrefixTooShort => (fault),
                        }
                    }
                }
            }
        },
    }
}

fn piece(markup: &Markup) -> Response {
    let kind = [(axum::http::header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::OK, kind, markup.0.clone()).into_response()
}
