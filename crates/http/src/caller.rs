//! Who calls: every handler but the open ones takes a [`Caller`], and there is no other way to come by an actor.
//! Being taken from a request's head, it is settled before any of the body is read.

use std::marker::PhantomData;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use countersign_domain::{Actor, Permission, standard};

use crate::{
    frame::Exchange,
    problem::{Code, Fault, Problem},
    services::App,
};

/// What an operation asks of its caller.
pub(crate) trait Needs: Send + Sync {
    /// The permission; `None` = any live token will do.
    const PERMISSION: Option<Permission>;
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
    /// Any live token.
    AnyToken = None;
    /// Reading tokens and their history.
    ReadTokens = Some(standard::API_TOKENS_READ);
    /// Making and changing tokens.
    WriteTokens = Some(standard::API_TOKENS_WRITE);
    /// Revoking tokens.
    DeleteTokens = Some(standard::API_TOKENS_DELETE);
    /// Reading users.
    ReadUsers = Some(standard::USERS_READ);
}

/// An admitted caller that holds what the operation needs.
#[derive(Debug)]
pub(crate) struct Caller<N> {
    /// As whom the operation is done.
    pub(crate) actor: Actor,
    /// The request it came with.
    pub(crate) exchange: Exchange,
    needs: PhantomData<N>,
}

impl<N: Needs> FromRequestParts<App> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let exchange = parts
            .extensions
            .get::<Exchange>()
            .cloned()
            .ok_or_else(Problem::internal)?;
        let presented = bearer(&parts.headers)?;
        let permission = N::PERMISSION;
        let grant = app
            .check
            .admit(presented, exchange.address, permission.as_ref())
            .await?;
        // Set once: a request has one caller.
        let _ = exchange.actor.set(grant.credential.token);
        Ok(Self {
            actor: grant.into(),
            exchange,
            needs: PhantomData,
        })
    }
}

/// What the request presents (RFC 6750, section 2.1); nothing but the one header is looked at.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Problem::missing_credential()),
        (Some(_), Some(_)) => return Err(several_credentials()),
        (Some(value), None) => value.as_bytes(),
    };
    let end = value.iter().position(|byte| *byte == b' ');
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    let credential = rest.trim_ascii();
    if !scheme.eq_ignore_ascii_case(b"bearer") || credential.is_empty() {
        return Err(Problem::missing_credential());
    }
    if credential.contains(&b',') {
        return Err(several_credentials());
    }
    std::str::from_utf8(credential).map_err(|_| Problem::invalid_token())
}

fn several_credentials() -> Problem {
    let detail = "exactly one credential can be sent";
    Problem::new(Code::InvalidParameter, "Several credentials were sent.").with_faults(vec![
        Fault::in_parameter("Authorization", "several-values", detail),
    ])
}
