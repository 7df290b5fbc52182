//! Why a request may not go on, told apart as far as its sender is told.

use countersign_domain::{Denied, MalformedSecret};
use thiserror::Error;

use crate::{SourceFault, Unpresented};

/// Why a request may not go on.
#[derive(Debug, Clone, Error)]
pub enum Rejected {
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
    Unavailable(#[from] SourceFault),
}

impl From<Denied> for Rejected {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Retired => Self::Invalid,
            Denied::Expired(_) | Denied::AddressNotAllowed | Denied::MissingPermission(_) => {
                Self::Denied(denied)
            }
        }
    }
}

impl From<MalformedSecret> for Rejected {
    fn from(_: MalformedSecret) -> Self {
        Self::Invalid
    }
}

impl From<Unpresented> for Rejected {
    fn from(unpresented: Unpresented) -> Self {
        match unpresented {
            Unpresented::Missing => Self::Missing,
            Unpresented::Several => Self::Several,
            Unpresented::NotText => Self::Invalid,
        }
    }
}
