//! Revocation of a token with everything that it and its descendants created or rotated: first a
//! list of these tokens, then the revocation, after somebody typed their number.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_application::{RevocationTerms, RevokedToken, UseCaseError, ports::Lineage};
use countersign_domain::{DeleteTokens, RequestId, Timestamp, TokenId};

use super::{Answer, Id, token::name_of};
use crate::{
    auth::SignedIn,
    error::PageError,
    form::Form,
    state::ConsoleState,
    token_form,
    view::{descendants::DescendantsPage, layout},
};

/// The maximum number of tokens in the list.
const LISTED: u32 = 100;

/// Shows the tokens that would be revoked.
pub(super) async fn ask(
    State(app): State<ConsoleState>,
    signed: SignedIn<DeleteTokens>,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Answer {
    let sent = Form::parse(query.unwrap_or_default().as_bytes());
    let done = sent.get("done").parse().ok();
    let fault = since(&sent).is_err().then_some(NO_INSTANT);
    let status = if fault.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    page(&app, &signed, (id, &sent), (status, fault), done).await
}

/// Revokes them all, if their number is the typed one.
pub(super) async fn revoke(
    State(app): State<ConsoleState>,
    signed: SignedIn<DeleteTokens>,
    Id(id): Id,
    sent: Form,
) -> Answer {
    let Ok(since) = since(&sent) else {
        return Err(PageError::OldForm);
    };
    let typed = sent.get("count").trim().replace(',', "").parse().ok();
    let refused = |fault| (StatusCode::UNPROCESSABLE_ENTITY, Some(fault));
    let of = (id, &sent);
    let Some(count) = typed.filter(|typed: &u64| *typed > 0) else {
        return page(&app, &signed, of, refused(NO_NUMBER), None).await;
    };
    let terms = RevocationTerms {
        version: None,
        count: Some(count),
        allow_lockout: sent.has("lockout"),
    };
    let lineage = Lineage { token: id, since };
    let request = signed.visit.request.clone();
    match run_detached(&app, &signed, request, lineage, terms).await? {
        Ok(revoked) => Ok(done(id, &sent, revoked.len())),
        Err(UseCaseError::CountDiffers { .. }) => {
            page(&app, &signed, of, refused(OTHER_NUMBER), None).await
        }
        Err(UseCaseError::WouldRevokeActor) => page(&app, &signed, of, refused(OWN), None).await,
        Err(failure) => Err(failure.into()),
    }
}

const NO_INSTANT: &str = "Enter a date and a time, such as 2027-01-31 09:30, or nothing.";
const NO_NUMBER: &str = "Type how many tokens are revoked. Nothing was revoked.";
const OTHER_NUMBER: &str =
    "That is not the number of tokens, or it has changed. Nothing was revoked.";
const OWN: &str =
    "Your own token is one of them. Tick the box to confirm that. Nothing was revoked.";

/// Runs to its end even if the browser is gone, because half of a revocation would be of little
/// use.
async fn run_detached(
    app: &ConsoleState,
    signed: &SignedIn<DeleteTokens>,
    request: RequestId,
    lineage: Lineage,
    terms: RevocationTerms,
) -> Result<Result<Vec<RevokedToken>, UseCaseError>, PageError> {
    let (tokens, by) = (app.tokens.clone(), signed.by.clone());
    let work = async move { tokens.revoke_descendants(by, request, lineage, terms).await };
    tokio::spawn(work).await.map_err(|_| PageError::Broken)
}

/// The typed instant; an empty field means always.
fn since(sent: &Form) -> Result<Option<Timestamp>, token_form::NoInstant> {
    let text = sent.get("since").trim();
    if text.is_empty() {
        return Ok(None);
    }
    token_form::read(text)
        .map(Some)
        .ok_or(token_form::NoInstant)
}

async fn page(
    app: &ConsoleState,
    signed: &SignedIn<DeleteTokens>,
    (id, sent): (TokenId, &Form),
    (status, fault): (StatusCode, Option<&str>),
    done: Option<u64>,
) -> Answer {
    let name = name_of(app, &signed.reader, id).await?;
    let since = since(sent).unwrap_or_default();
    let lineage = Lineage { token: id, since };
    let found = app.tokens.descendants(&signed.by, lineage, LISTED).await?;
    let look = DescendantsPage {
        id,
        name: &name,
        entered: sent.get("since"),
        found: &found,
        fault,
        done,
        now: app.clock.now(),
        // If there are too many tokens for the list, the caller's own may be among the others.
        lockout: fault == Some(OWN) || sent.has("lockout"),
    };
    let main = look.markup(&signed.who);
    Ok(layout::page(
        status,
        Some(&signed.who),
        "Revoke with descendants",
        &main,
    ))
}

/// Redirects to the same list, which is then empty.
fn done(id: TokenId, sent: &Form, count: usize) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("since", sent.get("since"));
    query.append_pair("done", &count.to_string());
    let query = query.finish();
    Redirect::to(&format!("/console/tokens/{id}/descendants?{query}")).into_response()
}
