//! The one page that shows a secret. It is the answer to a form and has no address of its own, so
//! it cannot be reloaded without asking again, shared, or found again.

use countersign_application::IssuedToken;
use maud::{Markup, html};

use super::{chips, format};

/// The page.
pub(crate) fn page(made: &IssuedToken, title: &str, note: Option<&str>) -> Markup {
    let token = &made.view.token;
    html! {
        h1 { (title) }
        @if let Some(note) = note { p.notice.plain role="status" { (note) } }
        section.card.secret aria-labelledby="secret-head" {
            h2 #secret-head { "The secret of " bdi { (token.name.as_str()) } }
            p.notice.warn role="alert" {
                strong { "It is shown this once." }
                " Copy it to where it is used before you leave this page: nobody can show it again, this service included."
            }
            div.secret-line {
                code #secret data-name=(token.name.as_str()) { (made.secret.expose()) }
            }
            div.actions.js-only {
                button.primary #copy type="button" { "Copy" }
                button #download type="button" { "Download as a file" }
                span #copied role="status" {}
            }
        }
        dl.facts {
            div { dt { "Expiry" } dd { (format::time(token.expiry)) } }
            div { dt { "Permissions" } dd { (chips::permissions(&token.permissions, 8)) } }
            div { dt { "Allowed addresses" } dd { (chips::addresses(&token.addresses, 8)) } }
        }
        p { "It is sent as " code { "Authorization: Bearer …" } " with each request. " a href={ "/console/tokens/" (token.id) } { "To the token, without its secret" } }
    }
}
