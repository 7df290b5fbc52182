//! The layout of every page: its head, the signed-in user, and the sign-out.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use super::assets;
use crate::{auth::Viewer, events::EVENTS, form::TOKEN};

/// A whole page.
pub(crate) fn page(
    status: StatusCode,
    who: Option<&Viewer>,
    title: &str,
    main: &Markup,
) -> Response {
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        header.top {
            a.brand href="/console" { img src=(assets::ICON.link()) alt="" width="24" height="24"; "Countersign" }
            @if let Some(who) = who { (menu(who)) }
        }
        main #main tabindex="-1" { (main) }
    };
    answer(status, document(title, &html! {}, &body))
}

fn menu(who: &Viewer) -> Markup {
    html! {
        nav aria-label="Main" {
            a href="/console" { "Tokens" }
            a href=(EVENTS) { "History" }
            @if who.writes { a href="/console/tokens/new" { "New token" } }
            a href="/api/docs/" { "API" }
        }
        div.who {
            span {
                span.faint { "Signed in as " }
                @match who.token {
                    Some(token) => a href={ "/console/tokens/" (token) } { bdi { (who.name) } },
                    None => bdi { (who.name) },
                }
            }
            form method="post" action="/console/sign-out" {
                (hidden(TOKEN, &who.form_token))
                button.quiet type="submit" { "Sign out" }
            }
        }
    }
}

/// A page that only requests another one, from here: a browser that came from another site's page
/// does not send its cookie, and sends it the second time.
pub(crate) fn bounce(target: &str) -> Response {
    let head = html! { meta http-equiv="refresh" content={ "0;url=" (target) }; };
    let body = html! { main #main { p { a href=(target) { "Go on to the console" } } } };
    answer(StatusCode::OK, document("One moment", &head, &body))
}

fn document(title: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Countersign" }
                link rel="icon" href=(assets::ICON.link()) type="image/svg+xml";
                link rel="stylesheet" href=(assets::STYLE.link());
                script src=(assets::SCRIPT.link()) defer {}
                (head)
            }
            body { (body) }
        }
    }
}

fn answer(status: StatusCode, document: Markup) -> Response {
    (status, Html(document.into_string())).into_response()
}

/// A hidden field.
pub(crate) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A notice above a page's content: `good`, `bad` or `plain`.
pub(crate) fn notice(kind: &str, words: &Markup) -> Markup {
    let role = if kind == "bad" { "alert" } else { "status" };
    html! { div class={ "notice " (kind) } role=(role) { (words) } }
}
