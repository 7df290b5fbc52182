//! Why a request may not go on, told apart as far as its sender is told.

use countersign_domain::{Denied, MalformedSecret};
use thiserror::Error;

use crate::{BearerError, SourceError};

/// Why a request may not go on.
#[derive(Debug, Clone, Error)]
pub enum CheckError {
    /// No credential was sent.
    #[error("no credential was sent")]
    Missing,
    /// More than one credential was sent.
    #[error("several credentials were sent")]
    Several,
    /// Malformed, unknown, revoked or replaced: which one is not told.
    #[error("the token is not valid")]
    Invalid,
    /// The token is known, but not good for this request. Never [`Denied::Retired`], which is [`Invalid`](Self::Invalid)
    /// to whoever presents it.
    #[error(transparent)]
    Denied(Denied),
    /// Whether the token is good could not be told.
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
