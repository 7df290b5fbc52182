//! The caller of an operation: every handler but the open ones takes a [`Caller`], and an actor
//! cannot be obtained in another way. It is extracted from the request's head, before any of the
//! body is read.

use std::marker::PhantomData;

use axum::{extract::FromRequestParts, http::request::Parts};
use countersign_domain::{Actor, Denied, Grant, Permission, PermissionSet, TokenId, standard};
use countersign_gate::{BearerError, CheckError, bearer};

use crate::{
    problem::{Problem, verdict},
    request_context::RequestContext,
    state::ApiState,
};

/// The requirement of an operation.
pub(crate) trait Needs: Send + Sync {
    /// The required permission; `None` = any live token is enough.
    const PERMISSION: Option<Permission>;

    /// Another permission that is enough for the caller's own token.
    const FOR_ITSELF: Option<Permission> = None;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $permission:expr;)*) => {
        $($(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Needs for $name {
            const PERMISSION: Option<Permission> = $permission;
        })*
    };
}

needs! {
    /// Requires any live token.
    AnyToken = None;
    /// Requires the permission to read tokens and their history.
    ReadTokens = Some(standard::API_TOKENS_READ);
    /// Requires the permission to create and change tokens.
    WriteTokens = Some(standard::API_TOKENS_WRITE);
    /// Requires the permission to revoke tokens.
    DeleteTokens = Some(standard::API_TOKENS_DELETE);
    /// Requires the permission to read the metrics of all tenants.
    ReadMetrics = Some(standard::METRICS_READ);
    /// Requires the permission to read users.
    ReadUsers = Some(standard::USERS_READ);
}

/// Requires the permission to rotate any token, or only the caller's own.
#[derive(Debug)]
pub(crate) struct RotateTokens;

impl Needs for RotateTokens {
    const PERMISSION: Option<Permission> = Some(standard::API_TOKENS_WRITE);
    const FOR_ITSELF: Option<Permission> = Some(standard::API_TOKENS_ROTATE_SELF);
}

/// An admitted caller that holds the permission of the operation.
#[derive(Debug)]
pub(crate) struct Caller<N> {
    /// The actor of the operation.
    pub(crate) actor: Actor,
    /// The context of the request.
    pub(crate) exchange: RequestContext,
    needs: PhantomData<N>,
}

impl<N: Needs> Caller<N> {
    /// The caller that was admitted by that grant.
    pub(crate) fn of(grant: Grant, exchange: RequestContext) -> Self {
        Self {
            actor: grant.into(),
            exchange,
            needs: PhantomData,
        }
    }

    /// The same caller in an operation with a requirement, unless it concerns the caller's own
    /// token.
    pub(crate) fn needing<M: Needs>(self) -> Caller<M> {
        Caller {
            actor: self.actor,
            exchange: self.exchange,
            needs: PhantomData,
        }
    }

    /// Refuses a caller that may only change its own token; `None` is the id of no token.
    pub(crate) fn may_change(&self, id: Option<TokenId>) -> Result<(), Problem> {
        let own = id.is_some() && self.actor.token == id;
        let held = &self.actor.permissions;
        match N::PERMISSION.filter(|needed| !own && !held.contains(needed)) {
            None => Ok(()),
            Some(needed) => Err(CheckError::from(Denied::MissingPermission(needed)).into()),
        }
    }
}

impl<N: Needs> FromRequestParts<ApiState> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &ApiState) -> Result<Self, Problem> {
        let exchange = exchange(parts)?;
        let grant = admit::<N>(bearer(&parts.headers), &exchange, app).await?;
        Ok(Self::of(grant, exchange))
    }
}

pub(crate) fn exchange(parts: &Parts) -> Result<RequestContext, Problem> {
    let exchange = parts.extensions.get::<RequestContext>().cloned();
    exchange.ok_or_else(Problem::internal)
}

pub(crate) async fn admit<N: Needs>(
    presented: Result<&str, BearerError>,
    exchange: &RequestContext,
    app: &ApiState,
) -> Result<Grant, Problem> {
    let admitted = match presented {
        Ok(presented) => match app.gate.look_up(presented).await {
            Ok(known) => {
                let needed = needed::<N>(&known.credential.permissions);
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

/// The permission by which a caller is admitted: that of the operation, unless the caller only
/// holds the one for its own token.
fn needed<N: Needs>(held: &PermissionSet) -> Option<Permission> {
    let holds = |permission: &Permission| held.contains(permission);
    match N::PERMISSION {
        Some(permission) if !holds(&permission) => {
            Some(N::FOR_ITSELF.filter(holds).unwrap_or(permission))
        }
        permission => permission,
    }
}
