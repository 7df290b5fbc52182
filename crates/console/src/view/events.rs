//! The history of a tenant: the filter, and a timeline of the events of all its tokens.

use countersign_application::ports::{History, TenantEvent};
use countersign_domain::{EventKind, Timestamp};
use maud::{Markup, html};

use super::{format, history, layout::notice};
use crate::events::{EVENTS, View};

const KINDS: [(EventKind, &str); 4] = [
    (EventKind::Created, "Created"),
    (EventKind::Updated, "Changed"),
    (EventKind::Rotated, "Got a new secret"),
    (EventKind::Revoked, "Revoked"),
];

/// The page.
pub(crate) fn page(view: &View, found: &History, now: Timestamp) -> Markup {
    html! {
        div.title { h1 { "History" } }
        (search(view))
        @if !found.unreadable.is_empty() {
            (notice("bad", &html! {
                "On this page " (format::count(found.unreadable.len() as u64, "event")) " cannot be read, of:"
                @for one in &found.unreadable { " " a href={ "/console/tokens/" (one.token) } { code { (one.token) } } }
            }))
        }
        section.card aria-label="Events" {
            @if found.content.is_empty() && found.unreadable.is_empty() { p.faint { (nothing(found)) } }
            ol.timeline { @for event in &found.content { (one(event, now)) } }
            @if let Some(place) = found.next {
                p { a.button rel="next" href=(view.before(place).link()) { "Older events" } }
            }
        }
    }
}

/// The text of an empty page. A page examines a limited number of events, so an empty one need not
/// be the last.
fn nothing(found: &History) -> &'static str {
    match found.next {
        Some(_) => "None of the events up to here matches. There are older ones.",
        None => "No event matches.",
    }
}

fn search(view: &View) -> Markup {
    let since = view.filter.since.map(format::field).unwrap_or_default();
    let actor = view
        .filter
        .actor
        .map(|id| id.to_string())
        .unwrap_or_default();
    html! {
        form.filters role="search" method="get" action=(EVENTS) {
            div { label for="since" { "Since (UTC)" } input #since type="datetime-local" name="since" step="1" value=(since); }
            div {
                label for="kind" { "Event" }
                select #kind name="kind" {
                    option value="" { "Any event" }
                    @for (kind, label) in KINDS {
                        option value=(kind.as_str()) selected[view.filter.kinds.contains(&kind)] { (label) }
                    }
                }
            }
            div { label for="actor" { "By (user id)" } input #actor name="actor" value=(actor) autocomplete="off" spellcheck="false"; }
            div.actions {
                button type="submit" { "Search" }
                @if view.is_filtered() { a.button.quiet href=(EVENTS) { "Clear" } }
            }
        }
    }
}

fn one(event: &TenantEvent, now: Timestamp) -> Markup {
    let content = &event.view.event.content;
    let whose = html! {
        " "
        a href={ "/console/tokens/" (content.token) } {
            @if event.token_name.is_empty() { code { (content.token) } } @else { bdi { (event.token_name) } }
        }
        " by "
        a href=(View::by(content.by).link()) { bdi { (event.view.by_name) } }
    };
    history::event(&event.view, &whose, now)
}
