//! The caller of an operation: every handler but the open ones takes a [`Caller`] with the proof
//! that the use case of the operation requires. It is extracted from the request's head, before any
//! of the body is read.

use axum::{extract::FromRequestParts, http::request::Parts};
use countersign_domain::{Actor, Authorized, Grant, Operation, TokenId};
use countersign_gate::{BearerError, CheckError, PresentedToken};

use crate::{
    problem::{Problem, verdict},
    request_context::RequestContext,
    state::ApiState,
};

/// An admitted caller that is authorized for the operation.
#[derive(Debug)]
pub(crate) struct Caller<O> {
    /// The actor with the proof that the use case requires.
    pub(crate) by: Authorized<O>,
    /// The context of the request.
    pub(crate) exchange: RequestContext,
}

impl<O: Operation> Caller<O> {
    /// The caller that was admitted by that grant.
    pub(crate) fn of(grant: Grant, exchange: RequestContext) -> Result<Self, Problem> {
        let by = Actor::from(grant).authorize()?;
        Ok(Self { by, exchange })
    }

    /// The actor of the operation.
    pub(crate) fn actor(&self) -> &Actor {
        self.by.actor()
    }

    /// Refuses a caller that may only change its own token; `None` is the id of no token.
    pub(crate) fn may_change(&self, id: Option<TokenId>) -> Result<(), Problem> {
        id.map_or_else(|| self.by.on_any(), |id| self.by.on(id))?;
        Ok(())
    }
}

impl<O: Operation> FromRequestParts<ApiState> for Caller<O> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &ApiState) -> Result<Self, Problem> {
        let exchange = exchange(parts)?;
        let presented = app.gate.token_headers().read(&parts.headers);
        let grant = admit::<O>(presented, &exchange, app).await?;
        Self::of(grant, exchange)
    }
}

pub(crate) fn exchange(parts: &Parts) -> Result<RequestContext, Problem> {
    let exchange = parts.extensions.get::<RequestContext>().cloned();
    exchange.ok_or_else(Problem::internal)
}

/// Admits a bearer that holds what the operation needs, if need be for its own token alone.
pub(crate) async fn admit<O: Operation>(
    presented: Result<PresentedToken<'_>, BearerError>,
    exchange: &RequestContext,
    app: &ApiState,
) -> Result<Grant, Problem> {
    let admitted = match presented {
        Ok(presented) => match app.gate.look_up(&presented).await {
            Ok(known) => {
                let needed = O::admission(&known.credential.permissions);
                let admitted = app.gate.admit(&known, exchange.address, needed.as_ref());
                admitted.map_err(CheckError::from)
            }
            Err(rejected) => Err(rejected),
        },
        Err(unpresented) => Err(CheckError::from(unpresented)),
    };
    app.metrics.count_check(verdict(admitted.as_ref().err()));
    let grant = admitted?;
    // The cell is empty, because a request has one caller.
    let _ = exchange.actor.set(grant.credential.token);
    Ok(grant)
}
