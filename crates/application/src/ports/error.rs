//! How a store fails. A kind of its own only where somebody can act on it; "cannot answer" is never "not found".

use std::error::Error;

use countersign_domain::{Fingerprint, TenantId, TokenId, TokenView, Version};
use thiserror::Error;

/// A store could not answer.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It is away or slow: trying again later may help.
    #[error("the store cannot answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It answers and takes no changes, because it is read-only, full, or not what a restart would open: somebody has
    /// to mend that.
    #[error("the store takes no changes")]
    Unwritable(#[source] Box<dyn Error + Send + Sync>),
    /// A row holds what was never written by this service: trying again will not help.
    #[error("the store holds a corrupt value in {table}.{column}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// Why a database is not in the form that this program needs.
#[derive(Debug, Error)]
pub enum MigrationFault {
    /// It is away or slow: trying again later may help.
    #[error("the database does not answer")]
    Away(#[source] Box<dyn Error + Send + Sync>),
    /// The server answers and lets nobody in under these settings: no such database, no such role,
    /// another password.
    #[error("the database's server refuses the connection")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// A newer program has migrated it.
    #[error(
        "the database belongs to a newer version of Countersign: it was migrated to {database}, \
         and this program knows migrations up to {program}; run the newer program, or restore a \
         backup from before the upgrade"
    )]
    Newer {
        /// The newest migration of the database.
        database: i64,
        /// The newest migration that this program knows.
        program: i64,
    },
    /// A migration failed, or the database holds migrations of another history.
    #[error("the database's tables cannot be brought to this program's form")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl From<StoreError> for MigrationFault {
    fn from(fault: StoreError) -> Self {
        match fault {
            StoreError::Unavailable(source) => Self::Away(source),
            fault @ (StoreError::Unwritable(_) | StoreError::Corrupt { .. }) => {
                Self::Failed(Box::new(fault))
            }
        }
    }
}

/// A token whose record holds what was never written by this service, or what this program's rules
/// refuse. It can be revoked by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the record of token {token} of tenant {tenant} is unreadable in {table}.{column}")]
pub struct Unreadable {
    /// The token's tenant.
    pub tenant: TenantId,
    /// The token.
    pub token: TokenId,
    /// The table of the value that cannot be read.
    pub table: &'static str,
    /// The column of that value.
    pub column: &'static str,
}

impl Unreadable {
    /// Separates the records that were read from those that cannot be, so that one unreadable row
    /// never hides the others.
    ///
    /// # Errors
    /// The store's fault, if it is about more than one row.
    pub fn separate(
        tenant: TenantId,
        rows: impl IntoIterator<Item = (TokenId, Result<TokenView, StoreError>)>,
    ) -> Result<(Vec<TokenView>, Vec<Self>), StoreError> {
        let (mut content, mut unreadable) = (Vec::new(), Vec::new());
        for (token, read) in rows {
            match read {
                Ok(view) => content.push(view),
                Err(StoreError::Corrupt { table, column }) => unreadable.push(Self {
                    tenant,
                    token,
                    table,
                    column,
                }),
                Err(fault @ (StoreError::Unavailable(_) | StoreError::Unwritable(_))) => {
                    return Err(fault);
                }
            }
        }
        Ok((content, unreadable))
    }
}

/// Why a change was not stored. Unless it says otherwise, nothing was written anywhere.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Another change came first.
    #[error("version {stored} is stored")]
    Stale {
        /// The version that is stored now.
        stored: Version,
    },
    /// A live token of the tenant has that name.
    #[error("the name is taken")]
    NameTaken,
    /// There is no such live token in the tenant.
    #[error("no such token")]
    NotFound,
    /// The actor was revoked, expired, or its user was closed since it was admitted.
    #[error("the actor is no longer live")]
    ActorGone,
    /// The actor no longer holds all permissions that the decision leant on.
    #[error("the actor no longer holds what the change leans on")]
    ActorNarrowed,
    /// The changed token has made a token or a secret, and the change needs that it has not:
    /// whether the actor's token descends from it has to be looked up first.
    #[error("the changed token may be an ancestor of the actor's")]
    MayBeAncestor,
    /// The same user made a token under this key before.
    #[error("already made as {token}")]
    AlreadyMade {
        /// What was made.
        token: TokenId,
        /// What was asked for then.
        fingerprint: Fingerprint,
    },
    /// The connection broke while the commit was under way: the change is stored, or it is not.
    #[error("it is not known whether the change was stored")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
    /// The store could not answer.
    #[error(transparent)]
    Fault(#[from] StoreError),
}

/// Why a tenant was not made.
#[derive(Debug, Error)]
pub enum TenantError {
    /// There is one of that name.
    #[error("there is a tenant of that name")]
    NameTaken,
    /// The store could not answer.
    #[error(transparent)]
    Fault(#[from] StoreError),
}
