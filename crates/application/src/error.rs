//! Errors of use cases. One type for all of them, so that one place can map each to an answer.

use std::error::Error;

use countersign_domain::{
    InsufficientScope, RuleViolations, TenantId, TokenId, TokenView, Version,
};
use thiserror::Error;

use crate::LimitReached;
use crate::ports::{CommitError, EntropyError, StoreError, Unreadable};

/// Reason why a use case did not do what it was asked.
#[derive(Debug, Error)]
pub enum UseCaseError {
    /// The actor's tenant has no such live token.
    #[error("no such token")]
    TokenNotFound,
    /// The token has no such working secret.
    #[error("no such secret")]
    SecretNotFound,
    /// The actor's tenant has no such user.
    #[error("no such user")]
    UserNotFound,
    /// The request was made for another version.
    #[error("version {stored} is stored")]
    Stale {
        /// The stored version.
        stored: Version,
        /// The stored record, if the actor may read it.
        current: Option<Box<TokenView>>,
    },
    /// The rules refuse the change.
    #[error(transparent)]
    Refused(#[from] RuleViolations),
    /// A live token of the tenant has that name.
    #[error("the name is taken")]
    NameTaken {
        /// The token that has the name, if the actor may read it and the store still finds it.
        holder: Option<Box<TokenView>>,
    },
    /// The same request was already carried out.
    #[error("already made as {token}")]
    AlreadyMade {
        /// The token that it created.
        token: TokenId,
    },
    /// Another request was already carried out under the same key.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// The number of tokens to revoke differs from the expected one.
    #[error("{count} tokens would be revoked")]
    CountDiffers {
        /// The number of tokens to revoke.
        count: u64,
    },
    /// The actor is among the tokens that it would revoke, and the request does not allow that.
    #[error("the actor would revoke itself")]
    WouldRevokeActor,
    /// Some of the tokens were revoked and others were not: repeat the request.
    #[error("{revoked} tokens were revoked, and others were not")]
    Incomplete {
        /// The number of revoked tokens.
        revoked: u64,
        /// The error that prevented the others; `None` if there are too many for one request, or
        /// some cannot be read.
        cause: Option<Box<UseCaseError>>,
    },
    /// The actor lacks the permission of the operation, or its proof covers its own token alone and
    /// another is meant.
    #[error(transparent)]
    InsufficientScope(#[from] InsufficientScope),
    /// The actor is no longer live.
    #[error("the actor is no longer live")]
    ActorGone,
    /// The actor no longer holds a permission that the change relies on.
    #[error("the actor no longer holds what the change leans on")]
    ActorNarrowed,
    /// The actor may no longer act from its address.
    #[error("the actor may no longer be used from this address")]
    ActorAway,
    /// The actor, or its tenant, makes too many changes.
    #[error(transparent)]
    TooManyChanges(#[from] LimitReached),
    /// The change is stored, or it is not; the version shows which.
    #[error("it is not known whether the change was stored")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
    /// The stored token cannot be read. It can still be revoked.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl UseCaseError {
    /// Maps an error of the store in a read that concerns one token.
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
            CommitError::ActorMoved => Self::ActorAway,
            // The use case checks the descent and commits once more; a store that gives the same
            // answer again violates its contract.
            error @ CommitError::MayBeAncestor => {
                Self::Store(StoreError::Unavailable(Box::new(error)))
            }
            CommitError::AlreadyMade { token, .. } => Self::AlreadyMade { token },
            CommitError::OutcomeUnknown(source) => Self::OutcomeUnknown(source),
            CommitError::Fault(fault) => Self::Store(fault),
        }
    }
}
