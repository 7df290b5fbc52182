//! What keeps a page from being shown, each with the page that is shown in its place. No match has a wildcard: a new
//! failure does not compile until it has its words.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign_application::{Failure, error_chain, ports::StoreFault};
use countersign_domain::Permission;
use form_urlencoded::Serializer;
use maud::{Markup, html};

pub(crate) use crate::ended::Ended;
use crate::{cookie, view::layout};

/// Where people sign in.
pub(crate) const SIGN_IN: &str = "/console/sign-in";

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nobody is signed in (any more); `next` is where to go on afterwards, where a page was asked for.
    SignIn {
        /// Why not any more.
        why: Option<Ended>,
        /// Whether the browser came over TLS.
        secure: bool,
        /// Where to go on.
        next: Option<String>,
    },
    /// The browser followed a link on another site, and came without its cookie: it asks again by itself.
    Elsewhere(String),
    /// The token behind the session lacks a permission.
    NotHeld(Permission),
    /// Another site's page sent the form.
    ForeignForm,
    /// The form belongs to another session, or to none.
    OldForm,
    /// The body is no form.
    NoForm,
    /// The form is too large.
    TooLarge,
    /// The form did not arrive in time.
    TooSlow,
    /// There is no such page.
    NoPage,
    /// The page takes no such method.
    NoMethod,
    /// There is no such token in the tenant.
    NoToken,
    /// A use case failed.
    Failed(Failure),
    /// This node's clock cannot be believed.
    ClockApart,
    /// Something in the service itself is wrong.
    Broken,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TokenNotFound => Self::NoToken,
            other => Self::Failed(other),
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { why, secure, next } => sign_in(why, secure, next.as_deref()),
            Self::Elsewhere(target) => layout::bounce(&target),
            Self::NotHeld(permission) => told(
                StatusCode::FORBIDDEN,
                "Not allowed",
                &html! {
                    "The token that you signed in with does not hold " code { (permission) } ", which this page needs. "
                    "Sign in with a token that does, or ask whoever holds it."
                },
            ),
            Self::ForeignForm => text(
                StatusCode::FORBIDDEN,
                "Refused",
                "This form was sent by another site's page. Nothing was changed.",
            ),
            Self::OldForm => text(
                StatusCode::FORBIDDEN,
                "The form is out of date",
                "It was shown before you signed in, or in another session. Nothing was changed. Go back, load the page anew, and send it again.",
            ),
            Self::NoForm => text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Not a form",
                "This address takes forms only.",
            ),
            Self::TooLarge => text(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too large",
                "The form has more than 64 KiB, and more than its permissions explain. Nothing was changed.",
            ),
            Self::TooSlow => {
                let words = "The form did not arrive within ten seconds. Nothing was changed.";
                let page = text(StatusCode::REQUEST_TIMEOUT, "Too slow", words);
                ([(header::CONNECTION, "close")], page).into_response()
            }
            Self::NoPage => text(
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no such page.",
            ),
            Self::NoMethod => text(
                StatusCode::METHOD_NOT_ALLOWED,
                "Not possible",
                "This page does not take such a request.",
            ),
            Self::NoToken => text(
                StatusCode::NOT_FOUND,
                "No such token",
                "There is no such token.",
            ),
            Self::Failed(failure) => failed(failure),
            Self::ClockApart => retry(
                "This node is out of step",
                "Its clock is apart from the database's, so it judges nobody until that is mended. Nothing was changed.",
            ),
            Self::Broken => internal(),
        }
    }
}

fn failed(failure: Failure) -> Response {
    match failure {
        Failure::TokenNotFound | Failure::SecretNotFound | Failure::UserNotFound => {
            Trouble::NoToken.into_response()
        }
        Failure::CountDiffers { .. } | Failure::WouldRevokeActor => text(
            StatusCode::CONFLICT,
            "Other tokens than expected",
            "Nothing was revoked; go back, load the page anew, and look again.",
        ),
        Failure::Incomplete { revoked, cause } => {
            let error = cause.as_deref().map(|cause| error_chain(cause));
            tracing::warn!(revoked, error, "not all tokens were revoked");
            retry(
                "Not all of them are revoked",
                "Some tokens were revoked and others were not. Go back, load the page anew, and go on.",
            )
        }
        Failure::ActorGone => text(
            StatusCode::UNAUTHORIZED,
            "Signed out",
            "The token that you signed in with was revoked or has expired meanwhile. Nothing was changed.",
        ),
        Failure::ActorNarrowed => text(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "The token that you signed in with lost a permission meanwhile. Nothing was changed.",
        ),
        Failure::Stale { .. } => text(
            StatusCode::CONFLICT,
            "Changed meanwhile",
            "Somebody else changed the token at the same time. Nothing of yours was stored; go back and try again.",
        ),
        Failure::NameTaken { .. } => text(
            StatusCode::CONFLICT,
            "Name taken",
            "Another token has that name.",
        ),
        Failure::AlreadyMade { .. } | Failure::KeyReused => text(
            StatusCode::CONFLICT,
            "Sent before",
            "This form was sent before. Nothing more was made.",
        ),
        Failure::Refused(refused) => told(
            StatusCode::FORBIDDEN,
            "Refused",
            &html! { @for violation in refused.violations() { (violation) ". " } "Nothing was changed." },
        ),
        Failure::TooManyChanges(reached) => {
            let words = "Your token, or its tenant, changes too much at once. Nothing was changed.";
            let page = text(StatusCode::TOO_MANY_REQUESTS, "Too many changes", words);
            let wait = reached.wait_seconds.to_string();
            ([(header::RETRY_AFTER, wait)], page).into_response()
        }
        Failure::OutcomeUnknown(source) => {
            tracing::error!(
                error = error_chain(&*source),
                "the outcome of a commit is not known"
            );
            retry(
                "Perhaps stored",
                "The connection to the database broke at the last moment: your change may have been stored, or not. Look at the token before you try again.",
            )
        }
        Failure::Unreadable(unreadable) => {
            tracing::error!(error = %unreadable, "a token cannot be read");
            text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The token cannot be read",
                "The database holds a value that this service does not accept; its log says which. Nothing was changed. On its page the token can still be revoked.",
            )
        }
        Failure::Store(StoreFault::Unavailable(source) | StoreFault::Unwritable(source)) => {
            tracing::warn!(error = error_chain(&*source), "the store cannot answer");
            retry(
                "The database does not answer",
                "Nothing was changed. Try again in a moment.",
            )
        }
        Failure::Store(StoreFault::Corrupt { table, column }) => {
            tracing::error!(table, column, "the store holds a corrupt value");
            internal()
        }
        Failure::Entropy(fault) => {
            tracing::error!(error = %fault, "no random bytes");
            internal()
        }
    }
}

fn internal() -> Response {
    text(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "The service's log says what it was.",
    )
}

fn retry(title: &str, words: &str) -> Response {
    let page = text(StatusCode::SERVICE_UNAVAILABLE, title, words);
    ([(header::RETRY_AFTER, "1")], page).into_response()
}

fn text(status: StatusCode, title: &str, words: &str) -> Response {
    told(status, title, &html! { (words) })
}

fn told(status: StatusCode, title: &str, words: &Markup) -> Response {
    let main = html! {
        div.notice.narrow {
            h1 { (title) }
            p { (words) }
            p { a href="/console" { "To the tokens" } }
        }
    };
    layout::page(status, None, title, &main)
}

fn sign_in(why: Option<Ended>, secure: bool, next: Option<&str>) -> Response {
    let mut query = Serializer::new(String::new());
    if let Some(why) = why {
        query.append_pair("ended", why.word());
    }
    if let Some(next) = next.filter(|next| *next != "/console") {
        query.append_pair("next", next);
    }
    let query = query.finish();
    let gap = if query.is_empty() { "" } else { "?" };
    let mut response = Redirect::to(&format!("{SIGN_IN}{gap}{query}")).into_response();
    let over = why.is_some_and(|why| why != Ended::Address);
    if let Some(cookie) = cookie::remove(secure).filter(|_| over) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
