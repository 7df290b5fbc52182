//! The page of one token, with all its details.

use countersign_domain::{LastUse, SecretView, Timestamp, TokenId, TokenView};
use maud::{Markup, html};

use super::{chips, format, tokens};
use crate::{auth::Viewer, events::View};

/// The record, the actions, and the secrets; the history comes after them.
pub(crate) fn record(
    who: &Viewer,
    view: &TokenView,
    secrets: &[SecretView],
    now: Timestamp,
) -> Markup {
    let token = &view.token;
    let base = format!("/console/tokens/{}", token.id);
    html! {
        div.title {
            h1 { bdi { (token.name.as_str()) } " " (chips::state(token, now)) }
            div.actions {
                @if who.writes {
                    a.button.primary href={ (base) "/edit" } { "Edit" }
                    a.button href={ (base) "/rotate" } { "New secret" }
                }
                @if who.deletes { a.button.danger href={ (base) "/revoke" } { "Revoke" } }
            }
        }
        @if who.token == Some(token.id) { p.faint { "This is the token that you are signed in with." } }
        section.card aria-label="Record" {
            dl.facts {
                (fact("Owner", &tokens::owner(token)))
                @if let Some(text) = &token.description {
                    (fact("Description", &html! { bdi.lines { (text.as_str()) } }))
                }
                @if !token.metadata.is_empty() {
                    (fact("Metadata", &html! {
                        ul.chips { @for (key, value) in token.metadata.iter() { li.chip { bdi { (key) "=" (value) } } } }
                    }))
                }
                (fact("Expiry", &format::both(token.expiry, now)))
                (fact("Permissions", &html! {
                    p.small { (format::count(token.permissions.len() as u64, "permission")) }
                    (chips::permissions(&token.permissions, usize::MAX))
                }))
                (fact("Allowed addresses", &chips::addresses(&token.addresses, usize::MAX)))
                (fact("Last used", &last_used(view.last_used, now)))
                (fact("Created", &html! { (format::both(token.created, now)) " by " bdi { (view.created_by.name) } }))
                (fact("Last changed", &html! { (format::both(token.modified, now)) " by " bdi { (view.modified_by.name) } }))
                (fact("Version", &html! { (token.version) }))
                (fact("Token id", &html! { code { (token.id) } }))
                (fact("User id", &html! { code { (token.user) } " " a href=(View::by(token.user).link()) { "Its changes" } }))
            }
        }
        section.card aria-labelledby="secrets" {
            h2 #secrets { "Secrets" }
            div.scroll {
                table.plain {
                    thead { tr { th scope="col" { "Secret" } th scope="col" { "Made" } th scope="col" { "Works until" } th scope="col" { "Last used" } } }
                    tbody {
                        @for secret in secrets {
                            tr {
                                td data-label="Secret" { code { (secret.partial.as_str()) } }
                                td data-label="Made" { (format::ago(secret.created, now)) }
                                td data-label="Works until" { (format::time(secret.valid_until.map_or(token.expiry, |at| at.min(token.expiry)))) }
                                td data-label="Last used" { (last_used(secret.last_used, now)) }
                            }
                        }
                    }
                }
            }
            @if secrets.is_empty() { p.faint { "It has no working secret." } }
        }
    }
}

/// The page if the record cannot be read.
pub(crate) fn unreadable(who: &Viewer, id: TokenId) -> Markup {
    html! {
        div.title {
            h1 { "Unreadable token" }
            div.actions {
                @if who.deletes { a.button.danger href={ "/console/tokens/" (id) "/revoke" } { "Revoke" } }
            }
        }
        p { "The record of token " code { (id) } " in the database cannot be read; the service's log names the value. Requests with it are refused. It can still be revoked." }
    }
}

fn fact(name: &str, what: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (what) } } }
}

fn last_used(used: Option<LastUse>, now: Timestamp) -> Markup {
    html! {
        @match used {
            None => span.faint { "Never" },
            Some(used) => {
                (format::ago(used.at, now))
                @if let Some(address) = used.address { " from " code { (address) } }
            }
        }
    }
}
