//! How a use case ends without an answer. One type for all of them, so that one place can say how each is told.

use std::error::Error;

use countersign_domain::{RuleViolations, TenantId, TokenId, TokenView, Version};
use thiserror::Error;

use crate::LimitReached;
use crate::ports::{CommitError, EntropyError, StoreError, Unreadable};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum UseCaseError {
    /// No such live token in the actor's tenant.
    #[error("no such token")]
    TokenNotFound,
    /// No such secret of the token that works.
    #[error("no such secret")]
    SecretNotFound,
    /// No such user in the actor's tenant.
    #[error("no such user")]
    UserNotFound,
    /// The request was made for another version.
    #[error("version {stored} is stored")]
    Stale {
        /// The version that is stored now.
        stored: Version,
        /// The record as it is now, where the actor may read it.
        current: Option<Box<TokenView>>,
    },
    /// Rules speak against it.
    #[error(transparent)]
    Refused(#[from] RuleViolations),
    /// A live token of the tenant has that name.
    #[error("the name is taken")]
    NameTaken {
        /// The token that has the name, if the actor may read it and the store still finds it.
        holder: Option<Box<TokenView>>,
    },
    /// The same request was carried out before.
    #[error("already made as {token}")]
    AlreadyMade {
        /// What was made then.
        token: TokenId,
    },
    /// Another request was carried out under the same key before.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// Another number of tokens would be revoked than the request expects.
    #[error("{count} tokens would be revoked")]
    CountDiffers {
        /// How many it would be.
        count: u64,
    },
    /// The actor is among the tokens that it would revoke, and does not insist on it.
    #[error("the actor would revoke itself")]
    WouldRevokeActor,
    /// Some of the tokens were revoked and others were not: the request is to be repeated.
    #[error("{revoked} tokens were revoked, and others were not")]
    Incomplete {
        /// How many were.
        revoked: u64,
        /// What kept the others from it; `None` if there are too many for one request, or some cannot be read.
        cause: Option<Box<UseCaseError>>,
    },
    /// The actor is no longer live.
    #[error("the actor is no longer live")]
    ActorGone,
    /// The actor no longer holds what the change leans on.
    #[error("the actor no longer holds what the change leans on")]
    ActorNarrowed,
    /// The actor, or its tenant, changes too much.
    #[error(transparent)]
    TooManyChanges(#[from] LimitReached),
    /// The change is stored, or it is not; the version tells.
    #[error("it is not known whether the change was stored")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
    /// What the store holds of the token cannot be read. It can still be revoked.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes could be had.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl UseCaseError {
    /// What a fault of the store is, in a read of what belongs to one token.
    pub(crate) fn of_token(tenant: TenantId, token: TokenId) -> impl Fn(StoreError) -> Self {
        move |fault| match fault {
            StoreError::Corrupt { table, column } => Self::Unreadable(Unreadable {
                tenant,
                token,
                table,
                column,
            }),
            fault @ (StoreError::Unavailable(_) | StoreError::Unwritable(_)) => Self::Store(fault),
        }
    }
}

impl From<CommitError> for UseCaseError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stale { stored } => Self::Stale {
                stored,
                current: None,
            },
            CommitError::NameTaken => Self::NameTaken { holder: None },
            CommitError::NotFound => Self::TokenNotFound,
            CommitError::ActorGone => Self::ActorGone,
            CommitError::ActorNarrowed => Self::ActorNarrowed,
            // The use case looks descent up and commits once more; a store that answers so again
            // does not keep its contract.
            error @ CommitError::MayBeAncestor => {
                Self::Store(StoreError::Unavailable(Box::new(error)))
            }
            CommitError::AlreadyMade { token, .. } => Self::AlreadyMade { token },
            CommitError::OutcomeUnknown(source) => Self::OutcomeUnknown(source),
            CommitError::Fault(fault) => Self::Store(fault),
        }
    }
}
