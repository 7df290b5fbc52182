//! Extractor for axum: the grant under which a handler runs.

use std::convert::Infallible;

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use countersign_domain::Grant;
use http::{StatusCode, request::Parts};

/// The grant of an admitted request, for a handler behind a [`GateLayer`](crate::GateLayer).
/// Without such a layer, `Option<Granted>` is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted(pub Grant);

/// Rejection if a handler needs a grant and no gate is in front of it. The request is refused with
/// 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no gate stands before this handler")]
pub struct MissingGate;

impl IntoResponse for MissingGate {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Granted {
    type Rejection = MissingGate;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingGate> {
        let grant = parts.extensions.get::<Grant>();
        grant.cloned().map(Self).ok_or(MissingGate)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Granted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Grant>().cloned().map(Self))
    }
}

#[cfg(test)]
#[path = "axum_tests.rs"]
mod tests;
