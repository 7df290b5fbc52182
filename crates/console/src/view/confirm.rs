//! Confirmation pages for a revocation and for a new secret, which cannot be undone.

use countersign_domain::{TokenId, TokenName, TokenView};
use maud::{Markup, html};

use super::layout::{hidden, notice};
use crate::{auth::Viewer, form::TOKEN};

/// The offered overlaps in seconds, with their labels.
pub(crate) const OVERLAPS: [(u32, &str); 4] = [
    (0, "No longer"),
    (3_600, "For another hour"),
    (86_400, "For another day"),
    (604_800, "For another week"),
];

/// Asks for the name before a token is revoked; for its id if the record cannot be read.
pub(crate) fn revoke(
    who: &Viewer,
    (id, name): (TokenId, Option<&TokenName>),
    typed: &str,
    fault: Option<&str>,
) -> Markup {
    let own = who.token == Some(id);
    let (what, wanted) = match name {
        Some(name) => ("name", name.as_str().to_owned()),
        None => ("id", id.to_string()),
    };
    html! {
        div.narrow {
            h1 { "Revoke " bdi { (wanted) } }
            p { "All of its secrets stop working at once, everywhere, and for good. Its history stays; its name is free again." }
            @if own { (notice("warn", &html! { "This is the token that you are signed in with: you will be signed out." })) }
            p { "If it leaked, the tokens that it created are in the wrong hands, too: "
                a href={ "/console/tokens/" (id) "/descendants" } { "revoke it and every token that it created or gave a new secret" } "." }
            form.card method="post" action={ "/console/tokens/" (id) "/revoke" } {
                (hidden(TOKEN, &who.form_token))
                div.field {
                    label for="typed" { "Type the " (what) " to confirm: " strong { bdi { (wanted) } } }
                    input #typed type="text" name="name" value=(typed) required autocomplete="off" spellcheck="false" dir="auto"
                        aria-describedby=[fault.map(|_| "typed-fault")] aria-invalid=[fault.map(|_| "true")];
                    @if let Some(fault) = fault { div.fault #typed-fault role="alert" { p { (fault) } } }
                }
                div.actions {
                    button.danger type="submit" { "Revoke it" }
                    a.button.quiet href={ "/console/tokens/" (id) } { "Cancel" }
                }
            }
        }
    }
}

/// Asks how long the old secret works.
pub(crate) fn rotate(who: &Viewer, view: &TokenView, fault: Option<&str>) -> Markup {
    let token = &view.token;
    let own = who.token == Some(token.id);
    html! {
        div.narrow {
            h1 { "New secret for " bdi { (token.name.as_str()) } }
            p { "The token stays what it is, with its permissions and its expiry. You get a new secret, which is shown once." }
            @if let Some(fault) = fault { (notice("bad", &html! { (fault) })) }
            @if own { (notice("warn", &html! { "This is the token that you are signed in with: once the old secret stops, you are signed out." })) }
            form.card method="post" action={ "/console/tokens/" (token.id) "/rotate" } {
                (hidden(TOKEN, &who.form_token))
                (hidden("version", &token.version.to_string()))
                fieldset.field {
                    legend { "The current secret works" }
                    div.choices.column {
                        @for (seconds, words) in OVERLAPS {
                            label.choice { input type="radio" name="overlap" value=(seconds) checked[seconds == 86_400]; " " (words) }
                        }
                    }
                    p.hint { "Never later than the token's expiry. Secrets that were replaced before stop at once." }
                }
                div.actions {
                    button.primary type="submit" { "Make a new secret" }
                    a.button.quiet href={ "/console/tokens/" (token.id) } { "Cancel" }
                }
            }
        }
    }
}
