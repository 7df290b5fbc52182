//! Errors of pages, each with the page that is shown instead. No match has a wildcard, so a new
//! error does not compile until it has its text.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign_application::{UseCaseError, error_chain, ports::StoreError};
use countersign_domain::InsufficientScope;
use form_urlencoded::Serializer;
use maud::{Markup, html};

pub(crate) use crate::session_end::SessionEnd;
use crate::{cookie, view::layout};

/// The path of the sign-in page.
pub(crate) const SIGN_IN: &str = "/console/sign-in";

/// Reason why a page is not shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Nobody is signed in, or not any more; `next` is the requested page, to which the sign-in
    /// leads.
    SignIn {
        /// The reason why the session has ended.
        why: Option<SessionEnd>,
        /// Whether the browser came over TLS.
        secure: bool,
        /// The page after the sign-in.
        next: Option<String>,
    },
    /// The browser followed a link on another site, and came without its cookie: the page makes it
    /// ask again.
    Elsewhere(String),
    /// The token of the session lacks a permission.
    NotHeld(InsufficientScope),
    /// A page of another site sent the form.
    ForeignForm,
    /// The form belongs to another session, or to none.
    OldForm,
    /// The body is not a form.
    NoForm,
    /// The form is too large.
    TooLarge,
    /// The form did not arrive in time.
    TooSlow,
    /// There is no such page.
    NoPage,
    /// The page does not support the method.
    NoMethod,
    /// The tenant has no such token.
    NoToken,
    /// A use case failed.
    Failed(UseCaseError),
    /// This node's clock cannot be trusted.
    ClockApart,
    /// An internal error.
    Broken,
}

impl From<UseCaseError> for PageError {
    fn from(failure: UseCaseError) -> Self {
        match failure {
            UseCaseError::TokenNotFound => Self::NoToken,
            UseCaseError::InsufficientScope(lacking) => lacking.into(),
            other => Self::Failed(other),
        }
    }
}

impl From<InsufficientScope> for PageError {
    fn from(lacking: InsufficientScope) -> Self {
        Self::NotHeld(lacking)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { why, secure, next } => sign_in(why, secure, next.as_deref()),
            Self::Elsewhere(target) => layout::bounce(&target),
            Self::NotHeld(InsufficientScope { permission }) => page(
                StatusCode::FORBIDDEN,
                "Not allowed",
                &html! {
                    "The token that you signed in with does not hold "
                    @match permission {
                        Some(permission) => { code { (permission) } }
                        None => { "what it takes" }
                    }
                    ", which this page needs. "
                    "Sign in with a token that does, or ask somebody who has one."
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
                "This address accepts only forms.",
            ),
            Self::TooLarge => text(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too large",
                "The form is larger than 64 KiB and than its permissions need. Nothing was changed.",
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
                "The clock of this node is wrong",
                "It differs from the database's clock, so the node checks no token until both agree. Nothing was changed.",
            ),
            Self::Broken => internal(),
        }
    }
}

fn failed(failure: UseCaseError) -> Response {
    match failure {
        UseCaseError::TokenNotFound | UseCaseError::SecretNotFound | UseCaseError::UserNotFound => {
            PageError::NoToken.into_response()
        }
        UseCaseError::CountDiffers { .. } | UseCaseError::WouldRevokeActor => text(
            StatusCode::CONFLICT,
            "The number of tokens has changed",
            "Nothing was revoked; go back, load the page anew, and look again.",
        ),
        UseCaseError::Incomplete { revoked, cause } => {
            let error = cause.as_deref().map(|cause| error_chain(cause));
            tracing::warn!(revoked, error, "not all tokens were revoked");
            retry(
                "Not all of them are revoked",
                "Some tokens were revoked and others were not. Go back, load the page anew, and go on.",
            )
        }
        UseCaseError::InsufficientScope(lacking) => PageError::from(lacking).into_response(),
        UseCaseError::ActorGone => text(
            StatusCode::UNAUTHORIZED,
            "Signed out",
            "The token that you signed in with was revoked or has expired meanwhile. Nothing was changed.",
        ),
        UseCaseError::ActorNarrowed => text(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "The token that you signed in with lost a permission meanwhile. Nothing was changed.",
        ),
        UseCaseError::ActorAway => text(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "The token that you signed in with may no longer be used from your address. Nothing was changed.",
        ),
        UseCaseError::Stale { .. } => text(
            StatusCode::CONFLICT,
            "Changed meanwhile",
            "Somebody else changed the token at the same time. Nothing of yours was stored; go back and try again.",
        ),
        UseCaseError::NameTaken { .. } => text(
            StatusCode::CONFLICT,
            "Name taken",
            "Another token has that name.",
        ),
        UseCaseError::AlreadyMade { .. } | UseCaseError::KeyReused => text(
            StatusCode::CONFLICT,
            "Sent before",
            "This form was sent before. Nothing more was made.",
        ),
        UseCaseError::Refused(refused) => page(
            StatusCode::FORBIDDEN,
            "Refused",
            &html! { @for violation in refused.violations() { (violation) ". " } "Nothing was changed." },
        ),
        UseCaseError::TooManyChanges(reached) => {
            let words = "Your token, or its tenant, changes too much at once. Nothing was changed.";
            let page = text(StatusCode::TOO_MANY_REQUESTS, "Too many changes", words);
            let wait = reached.wait_seconds.to_string();
            ([(header::RETRY_AFTER, wait)], page).into_response()
        }
        UseCaseError::OutcomeUnknown(source) => {
            tracing::error!(
                error = error_chain(&*source),
                "the outcome of a commit is not known"
            );
            retry(
                "It is not known whether the change was stored",
                "The connection to the database broke at the last moment: your change may have been stored, or not. Look at the token before you try again.",
            )
        }
        UseCaseError::Unreadable(unreadable) => {
            tracing::error!(error = %unreadable, "a token cannot be read");
            text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The token cannot be read",
                "The database holds a value that this service does not accept; its log says which. Nothing was changed. On its page the token can still be revoked.",
            )
        }
        UseCaseError::Store(StoreError::Unavailable(source) | StoreError::Unwritable(source)) => {
            tracing::warn!(error = error_chain(&*source), "the store cannot answer");
            retry(
                "The database does not answer",
                "Nothing was changed. Try again in a moment.",
            )
        }
        UseCaseError::Store(StoreError::Corrupt { table, column }) => {
            tracing::error!(table, column, "the store holds a corrupt value");
            internal()
        }
        UseCaseError::Entropy(fault) => {
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
    page(status, title, &html! { (words) })
}

fn page(status: StatusCode, title: &str, words: &Markup) -> Response {
    let main = html! {
        div.notice.narrow {
            h1 { (title) }
            p { (words) }
            p { a href="/console" { "To the tokens" } }
        }
    };
    layout::page(status, None, title, &main)
}

fn sign_in(why: Option<SessionEnd>, secure: bool, next: Option<&str>) -> Response {
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
    let over = why.is_some_and(|why| why != SessionEnd::Address);
    if let Some(cookie) = cookie::remove(secure).filter(|_| over) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
