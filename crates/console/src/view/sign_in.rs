//! The sign-in page: a field for a token's secret, and nothing else.

use maud::{Markup, html};

use super::layout::{hidden, notice};
use crate::form::TOKEN;

/// The page; `next` is the page after the sign-in.
pub(crate) fn page(
    form_token: &str,
    next: &str,
    fault: Option<&str>,
    told: Option<&str>,
) -> Markup {
    html! {
        div.narrow {
            h1 { "Sign in" }
            @if let Some(told) = told { (notice("plain", &html! { (told) })) }
            form.card method="post" action="/console/sign-in" {
                (hidden(TOKEN, form_token))
                (hidden("next", next))
                div.field {
                    label for="token" { "API token" }
                    p.hint #token-hint { "Use a token that holds " code { "api.api-tokens.read" } ". You can do here what the token may do." }
                    input #token type="password" name="token" required autofocus autocomplete="off" spellcheck="false"
                        aria-describedby={ "token-hint" @if fault.is_some() { " token-fault" } } aria-invalid=[fault.map(|_| "true")];
                    @if let Some(fault) = fault { div.fault #token-fault role="alert" { p { (fault) } } }
                }
                button.primary type="submit" { "Sign in" }
            }
            p.faint.small {
                "The secret is checked and not kept: your browser gets a cookie that ends when the token does, after a while without use, or when you sign out. "
                "No token at hand? The operator of this service creates one with " code { "countersign root-token" } "."
            }
        }
    }
}
