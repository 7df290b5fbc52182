//! Errors of a check, as detailed as the request's sender may know.

use countersign_domain::{Denied, MalformedSecret};
use thiserror::Error;

use crate::{BearerError, SourceError};

/// Reason why a request may not go on.
#[derive(Debug, Clone, Error)]
pub enum CheckError {
    /// The request carries no credential.
    #[error("no credential was sent")]
    Missing,
    /// The request carries more than one credential.
    #[error("several credentials were sent")]
    Several,
    /// The credential is malformed, unknown, revoked or replaced. The answer does not say which.
    #[error("the token is not valid")]
    Invalid,
    /// The token is known, but not valid for this request. Never [`Denied::Retired`], which callers
    /// see as [`Invalid`](Self::Invalid).
    #[error(transparent)]
    Denied(Denied),
    /// The source could not answer, so it is unknown whether the token is valid.
    #[error(transparent)]
    Unavailable(#[from] SourceError),
}

impl From<Denied> for CheckError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Retired => Self::Invalid,
            Denied::Expired(_) | Denied::AddressNotAllowed | Denied::MissingPermission(_) => {
                Self::Denied(denied)
            }
        }
    }
}

impl From<MalformedSecret> for CheckError {
    fn from(_: MalformedSecret) -> Self {
        Self::Invalid
    }
}

impl From<BearerError> for CheckError {
    fn from(unpresented: BearerError) -> Self {
        match unpresented {
            BearerError::Missing => Self::Missing,
            BearerError::Several => Self::Several,
            BearerError::NotText => Self::Invalid,
        }
    }
}
