//! Who is signed in: every page but the one for signing in takes a [`SignedIn`], and there is no
//! other way to come by an actor. The facts behind the session are looked up and judged on each
//! request, as the API does with a secret.

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

/// What an operation asks of whoever is signed in, besides reading, which every page asks.
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
    /// Reading tokens and their history.
    Reading = API_TOKENS_READ;
    /// Making and changing tokens.
    Writing = API_TOKENS_WRITE;
    /// Revoking tokens.
    Deleting = API_TOKENS_DELETE;
}

/// Somebody who is signed in and holds what the operation needs.
pub(crate) struct SignedIn<N> {
    /// As whom everything is done.
    pub(crate) actor: Actor,
    /// The request.
    pub(crate) visit: BrowserRequest,
    /// What stands in the head of each page.
    pub(crate) who: Viewer,
    needs: PhantomData<N>,
}

/// What pages say of whoever is signed in, and what they let be done.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// The token behind the session.
    pub(crate) token: Option<TokenId>,
    /// Its name.
    pub(crate) name: String,
    /// What every form brings along.
    pub(crate) form_token: String,
    /// Whether it may make and change tokens.
    pub(crate) writes: bool,
    /// Whether it may revoke them.
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

/// The actor behind a session, or why it has none any more.
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
            // Said once: a request has one caller.
            let _ = visit.actor.set(grant.credential.token);
            return Ok(Ok(grant.into()));
        }
        // It may be a short visit elsewhere: the session goes on where the token may be used.
        Err(Denied::AddressNotAllowed) => return Ok(Err(SessionEnd::Address)),
        Err(Denied::Expired(_)) => SessionEnd::Expired,
        Err(Denied::Retired) => SessionEnd::Over,
        Err(Denied::MissingPermission(_)) => SessionEnd::Permission,
    };
    app.sessions.end(id).await?;
    Ok(Err(why))
}
