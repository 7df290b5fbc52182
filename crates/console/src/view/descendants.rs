//! A token's descendants: a list to look at before all of them are revoked.

use countersign_application::ports::{Descendant, Descendants};
use countersign_domain::{EventKind, Timestamp, TokenId};
use maud::{Markup, html};

use super::{
    format,
    layout::{hidden, notice},
};
use crate::{auth::Viewer, form::TOKEN};

/// A token with the live tokens that are to be revoked.
pub(crate) struct DescendantsPage<'a> {
    pub(crate) id: TokenId,
    pub(crate) name: &'a str,
    /// The start of the period, as it was typed.
    pub(crate) entered: &'a str,
    pub(crate) found: &'a Descendants,
    pub(crate) fault: Option<&'a str>,
    /// The number of tokens that were just revoked.
    pub(crate) done: Option<u64>,
    pub(crate) now: Timestamp,
    /// Whether somebody has to confirm, or confirmed, that their own token is included.
    pub(crate) lockout: bool,
}

impl DescendantsPage<'_> {
    pub(crate) fn markup(&self, who: &Viewer) -> Markup {
        let total = self.found.total;
        let own = self
            .found
            .tokens
            .iter()
            .any(|token| Some(token.id) == who.token);
        html! {
            h1 { "Revoke " bdi { (self.name) } " and what it made" }
            p { "After a leak: the token, and every token that it or its descendants created or gave a new secret. Any of them may be in the wrong hands." }
            @if let Some(done) = self.done { (notice("good", &html! { (format::count(done, "token")) " revoked." })) }
            @if let Some(fault) = self.fault { (notice("bad", &html! { (fault) })) }
            (self.period())
            section.card aria-labelledby="found" {
                h2 #found { (format::count(total, "live token")) }
                @if total == 0 { p { "There is nothing to revoke." } } @else {
                    (self.table(who))
                    @if total > self.found.tokens.len() as u64 { p.faint { "The first " (self.found.tokens.len()) " are shown." } }
                }
            }
            @if total > 0 { (self.confirmation(who, own)) }
            p { a href={ "/console/tokens/" (self.id) } { "Back to the token" } }
        }
    }

    fn period(&self) -> Markup {
        html! {
            form.card method="get" action={ "/console/tokens/" (self.id) "/descendants" } {
                div.field {
                    label for="since" { "Created or given a new secret since (UTC)" }
                    input #since type="datetime-local" step="1" name="since" value=(self.entered) aria-describedby="since-hint";
                    p.hint #since-hint { "Empty means always. Choose a time before the leak." }
                }
                div.actions { button type="submit" { "Look" } }
            }
        }
    }

    fn table(&self, who: &Viewer) -> Markup {
        html! {
            div.scroll {
                table.plain {
                    thead { tr { th scope="col" { "Token" } th scope="col" { "Why" } th scope="col" { "Made" } } }
                    tbody { @for token in &self.found.tokens { (self.row(token, who)) } }
                }
            }
        }
    }

    fn row(&self, token: &Descendant, who: &Viewer) -> Markup {
        let why = match token.origin.map(|origin| origin.kind) {
            None => "The token itself",
            Some(EventKind::Rotated) => "Given a new secret",
            Some(_) => "Made",
        };
        html! {
            tr {
                td data-label="Token" {
                    a href={ "/console/tokens/" (token.id) } {
                        @match &token.name { Some(name) => bdi { (name.as_str()) }, None => code { (token.id) } }
                    }
                    @if Some(token.id) == who.token { " (yours)" }
                }
                td data-label="Why" { (why) }
                td data-label="Made" { @if let Some(at) = token.created { (format::ago(at, self.now)) } }
            }
        }
    }

    fn confirmation(&self, who: &Viewer, own: bool) -> Markup {
        let total = self.found.total;
        html! {
            form.card method="post" action={ "/console/tokens/" (self.id) "/descendants" } {
                (hidden(TOKEN, &who.form_token))
                (hidden("since", self.entered))
                p { "All of their secrets stop working at once, everywhere, and for good." }
                @if own || self.lockout {
                    div.field {
                        label.choice {
                            input type="checkbox" name="lockout" value="yes";
                            " Revoke the token that I am signed in with, too: I will be signed out"
                        }
                    }
                }
                div.field {
                    label for="typed" { "Type the number of tokens to confirm: " strong { (format::grouped(total)) } }
                    input #typed type="text" inputmode="numeric" name="count" required autocomplete="off";
                }
                div.actions { button.danger type="submit" { "Revoke all of them" } }
            }
        }
    }
}
