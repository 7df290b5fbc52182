//! The signed-in user: every page but the sign-in takes a [`SignedIn`], and an actor cannot be
//! obtained in another way. The facts of the session are looked up and judged on each request, as
//! the API does with a secret.

use std::{marker::PhantomData, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};
use countersign_application::SessionId;
use countersign_domain::{Actor, Denied, Permission, TokenId, standard};
use countersign_gate::FoundCredential;

use crate::{
    browser_request::{BrowserRequest, form_token},
    error::{PageError, SessionEnd},
    guard,
    state::ConsoleState,
};

/// The requirement of an operation, besides reading, which every page requires.
pub(crate) trait Needs: Send + Sync {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $permission:ident;)*) => {
        $($(#[$doc])*
        pub(crate) struct $name;

        impl Needs for $name {
            const PERMISSION: Permission = standard::$permission;
        })*
    };
}

needs! {
    /// Requires the permission to read tokens and their history.
    Reading = API_TOKENS_READ;
    /// Requires the permission to create and change tokens.
    Writing = API_TOKENS_WRITE;
    /// Requires the permission to revoke tokens.
    Deleting = API_TOKENS_DELETE;
}

/// A signed-in user who holds the permission of the operation.
pub(crate) struct SignedIn<N> {
    /// The actor of every operation.
    pub(crate) actor: Actor,
    /// The request.
    pub(crate) visit: BrowserRequest,
    /// The contents of each page's head.
    pub(crate) who: Viewer,
    needs: PhantomData<N>,
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

impl<N: Needs> FromRequestParts<ConsoleState> for SignedIn<N> {
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
        let actor = resume(app, &visit, id)
            .await?
            .map_err(|why| ended(Some(why)))?;
        if !actor.permissions.contains(&N::PERMISSION) {
            return Err(PageError::NotHeld(N::PERMISSION));
        }
        let who = Viewer {
            token: actor.token,
            name: actor.user_name.to_string(),
            form_token: form_token(id),
            writes: actor.permissions.contains(&standard::API_TOKENS_WRITE),
            deletes: actor.permissions.contains(&standard::API_TOKENS_DELETE),
        };
        Ok(Self {
            actor,
            visit,
            who,
            needs: PhantomData,
        })
    }
}

/// The actor of a session, or the reason why it has ended.
pub(crate) async fn resume(
    app: &ConsoleState,
    visit: &BrowserRequest,
    id: &SessionId,
) -> Result<Result<Actor, SessionEnd>, PageError> {
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
    let admitted = app
        .gate
        .admit(&known, visit.address, Some(&standard::API_TOKENS_READ));
    let why = match admitted {
        Ok(grant) => {
            // The cell is empty, because a request has one caller.
            let _ = visit.actor.set(grant.credential.token);
            return Ok(Ok(grant.into()));
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
