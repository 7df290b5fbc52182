//! The signed-in user: every page but the sign-in takes a [`SignedIn`] with the proof that its use
//! case requires. The facts of the session are looked up and judged on each request, as the API
//! does with a secret.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};
use countersign_application::SessionId;
use countersign_domain::{
    Actor, Authorized, DeleteTokens, Denied, Operation, ReadTokens, TokenId, WriteTokens,
};
use countersign_gate::FoundCredential;

use crate::{
    browser_request::{BrowserRequest, form_token},
    error::{PageError, SessionEnd},
    guard,
    state::ConsoleState,
};

/// A signed-in user who is authorized for the operation, besides reading, which every page
/// requires.
pub(crate) struct SignedIn<O> {
    /// The actor with the proof that the use case requires.
    pub(crate) by: Authorized<O>,
    /// The same actor, with the proof for what a page shows.
    pub(crate) reader: Authorized<ReadTokens>,
    /// The request.
    pub(crate) visit: BrowserRequest,
    /// The contents of each page's head.
    pub(crate) who: Viewer,
}

/// The signed-in user as pages show it, and the operations that pages offer.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// The token of the session.
    pub(crate) token: Option<TokenId>,
    /// Its name.
    pub(crate) name: String,
    /// The token that every form has to send.
    pub(crate) form_token: String,
    /// Whether the user may create and change tokens.
    pub(crate) writes: bool,
    /// Whether the user may revoke tokens.
    pub(crate) deletes: bool,
}

impl<O: Operation> FromRequestParts<ConsoleState> for SignedIn<O> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &ConsoleState) -> Result<Self, PageError> {
        let visit = BrowserRequest::from_request_parts(parts, app).await?;
        let ended = |why| PageError::SignIn {
            why,
            secure: visit.secure,
            next: (parts.method == Method::GET).then(|| visit.target.clone()),
        };
        let Some(id) = &visit.id else {
            if parts.method == Method::GET && guard::came_from_elsewhere(&parts.headers) {
                return Err(PageError::Elsewhere(visit.target));
            }
            return Err(ended(None));
        };
        let reader = resume(app, &visit, id)
            .await?
            .map_err(|why| ended(Some(why)))?;
        let actor = reader.actor();
        let by = actor.clone().authorize()?;
        let who = Viewer {
            token: actor.token,
            name: actor.user_name.to_string(),
            form_token: form_token(id),
            writes: actor.may::<WriteTokens>(),
            deletes: actor.may::<DeleteTokens>(),
        };
        Ok(Self {
            by,
            reader,
            visit,
            who,
        })
    }
}

/// The actor of a session, or the reason why it has ended.
pub(crate) async fn resume(
    app: &ConsoleState,
    visit: &BrowserRequest,
    id: &SessionId,
) -> Result<Result<Authorized<ReadTokens>, SessionEnd>, PageError> {
    if !(app.in_step)() {
        return Err(PageError::ClockApart);
    }
    let Some(standing) = app.sessions.resume(id).await? else {
        return Ok(Err(SessionEnd::Over));
    };
    let known = FoundCredential {
        credential: standing.credential,
        digest: standing.digest,
        age: Duration::ZERO,
    };
    let needed = ReadTokens::PERMISSION;
    let admitted = app.gate.admit(&known, visit.address, needed.as_ref());
    let why = match admitted {
        Ok(grant) => {
            // The cell is empty, because a request has one caller.
            let _ = visit.actor.set(grant.credential.token);
            return Ok(Ok(Actor::from(grant).authorize()?));
        }
        // The browser may only be elsewhere for a short time: the session goes on where the token
        // may be used.
        Err(Denied::AddressNotAllowed) => return Ok(Err(SessionEnd::Address)),
        Err(Denied::Expired(_)) => SessionEnd::Expired,
        Err(Denied::Retired) => SessionEnd::Over,
        Err(Denied::MissingPermission(_)) => SessionEnd::Permission,
    };
    app.sessions.end(id).await?;
    Ok(Err(why))
}
