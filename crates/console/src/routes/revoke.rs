//! Revocation of a token, after its name was typed.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};

use countersign_application::UseCaseError;
use countersign_domain::{DeleteTokens, TokenId, TokenName};

use super::{Answer, Id};
use crate::{
    auth::SignedIn,
    error::PageError,
    form::Form,
    state::ConsoleState,
    view::{confirm, layout},
};

/// Asks for the name.
pub(super) async fn ask(
    State(app): State<ConsoleState>,
    signed: SignedIn<DeleteTokens>,
    Id(id): Id,
) -> Answer {
    let name = name(&app, &signed, id).await?;
    let main = confirm::revoke(&signed.who, (id, name.as_ref()), "", None);
    Ok(layout::page(
        StatusCode::OK,
        Some(&signed.who),
        "Revoke",
        &main,
    ))
}

/// Revokes the token, whatever its version is by now: nobody can keep a token by changing it.
pub(super) async fn revoke(
    State(app): State<ConsoleState>,
    signed: SignedIn<DeleteTokens>,
    Id(id): Id,
    sent: Form,
) -> Answer {
    let name = name(&app, &signed, id).await?;
    let typed = sent.get("name");
    let (confirmed, fault) = match &name {
        Some(name) => (
            is_name(typed, name),
            "That is not its name. Nothing was revoked.",
        ),
        None => (
            typed.trim() == id.to_string(),
            "That is not its id. Nothing was revoked.",
        ),
    };
    if !confirmed {
        let main = confirm::revoke(&signed.who, (id, name.as_ref()), typed, Some(fault));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(layout::page(status, Some(&signed.who), "Revoke", &main));
    }
    let (by, request) = (signed.by, signed.visit.request);
    app.tokens.revoke(by, request, id, None).await?;
    Ok(Redirect::to(&format!("/console/tokens/{id}")).into_response())
}

/// The token's name; `None` if its record cannot be read.
async fn name(
    app: &ConsoleState,
    signed: &SignedIn<DeleteTokens>,
    id: TokenId,
) -> Result<Option<TokenName>, PageError> {
    match app.tokens.get(&signed.reader, id).await {
        Ok(view) => Ok(Some(view.token.name)),
        Err(UseCaseError::Unreadable(_)) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// Whether the typed text is the name as it looks on the page, where several blanks look like one;
/// composed or not.
fn is_name(typed: &str, name: &TokenName) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    TokenName::stored(typed).is_ok_and(|typed| words(typed.as_str()) == words(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_the_name_is_the_name() {
        let name = TokenName::parse("Café  nightly\u{a0}export").unwrap();
        for typed in [" Cafe\u{301} nightly export ", "Café  nightly\u{a0}export"] {
            assert!(is_name(typed, &name), "{typed}");
        }
        for typed in [
            "",
            "café nightly export",
            "Café nightly",
            "Cafénightlyexport",
        ] {
            assert!(!is_name(typed, &name), "{typed}");
        }
    }
}
