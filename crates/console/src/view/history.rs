//! A token's history as a timeline, newest first: what was done, by whom, from where, and whether
//! anybody has tampered with it.

use countersign_application::ports::EventView;
use countersign_domain::{EventKind, Timestamp, TokenId, Version};
use maud::{Markup, html};

use super::{format, review};
use crate::chain_checks::ChainState;

/// A page of events, with a link to older ones; with the state of the whole chain if it was
/// verified.
pub(crate) fn section(
    id: TokenId,
    events: &[EventView],
    older: Option<Version>,
    chain: Option<ChainState>,
    now: Timestamp,
) -> Markup {
    html! {
        section.card aria-labelledby="history" {
            div.card-head { h2 #history { "History" } @if let Some(chain) = chain { (state(chain)) } }
            ol.timeline {
                @for view in events { (event(view, &html! { " by " bdi { (view.by_name) } }, now)) }
            }
            @if let Some(version) = older {
                p { a.button href={ "/console/tokens/" (id) "?before=" (version) "#history" } { "Older events" } }
            }
        }
    }
}

fn state(chain: ChainState) -> Markup {
    match chain {
        ChainState::Verified => {
            html! { span.badge.good title="Each event's hash covers the one before, and the record matches its events" { "Chain verified" } }
        }
        ChainState::Broken(broken) => html! { span.badge.bad role="alert" { "Broken: " (broken) } },
        ChainState::Unfinished => {
            html! { span.badge.soon title="The next view continues from here" { "Still being verified: look again in a moment" } }
        }
    }
}

/// One event, with text about its token.
pub(super) fn event(view: &EventView, whose: &Markup, now: Timestamp) -> Markup {
    let content = &view.event.content;
    let done = match content.kind {
        EventKind::Created => "Created",
        EventKind::Updated if content.ends_a_secret() => "An older secret was ended early",
        EventKind::Updated => "Changed",
        EventKind::Rotated => "Got a new secret",
        EventKind::Revoked => "Revoked",
    };
    html! {
        li {
            div.event-head {
                strong { (done) } (whose) " "
                span.faint { (format::both(content.at, now)) }
            }
            (review::list(&content.changes))
            p.faint.small {
                "Version " (content.version_after)
                " · " @match content.address { Some(address) => { "from " code { (address) } }, None => "on the machine itself, or from an unknown address" }
                " · request " code { (content.request_id.as_str()) }
            }
        }
    }
}
