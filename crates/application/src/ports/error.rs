//! Errors of a store. A kind exists only if a caller can act on it; "cannot answer" is never "not
//! found".

use std::error::Error;

use countersign_domain::{Fingerprint, TenantId, TokenId, TokenView, Version};
use thiserror::Error;

/// The store could not answer.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The store is unreachable or slow: another try later may help.
    #[error("the store cannot answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The store answers and takes no changes, because it is read-only, full, or not the file that
    /// a restart would open: somebody has to repair it.
    #[error("the store takes no changes")]
    Unwritable(#[source] Box<dyn Error + Send + Sync>),
    /// A row holds a value that this service never wrote: another try will not help.
    #[error("the store holds a corrupt value in {table}.{column}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// Reason why a database does not have the form that this program needs.
#[derive(Debug, Error)]
pub enum MigrationFault {
    /// The database is unreachable or slow: another try later may help.
    #[error("the database does not answer")]
    Away(#[source] Box<dyn Error + Send + Sync>),
    /// The server refuses the connection with these settings, or its role may not migrate: no such
    /// database, no such role, a wrong password, no privilege.
    #[error("the database's server refuses access")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// A newer program has migrated the database.
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
    /// A migration failed, or the database has migrations of another history.
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

/// A token whose record holds a value that this service never wrote, or that this program's rules
/// refuse. It can be revoked by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the record of token {token} of tenant {tenant} is unreadable in {table}.{column}")]
pub struct Unreadable {
    /// The token's tenant.
    pub tenant: TenantId,
    /// The token.
    pub token: TokenId,
    /// The table of the unreadable value.
    pub table: &'static str,
    /// The column of the unreadable value.
    pub column: &'static str,
}

impl Unreadable {
    /// Separates the records that could be read from those that could not, so that one unreadable
    /// row never hides the others.
    ///
    /// # Errors
    /// Returns the store's error, if it concerns more than one row.
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

/// Reason why a change was not stored. Unless a variant says otherwise, nothing was written.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Another change came first.
    #[error("version {stored} is stored")]
    Stale {
        /// The stored version.
        stored: Version,
    },
    /// A live token of the tenant has that name.
    #[error("the name is taken")]
    NameTaken,
    /// The tenant has no such live token.
    #[error("no such token")]
    NotFound,
    /// The actor was revoked, expired, or its user was closed since it was admitted.
    #[error("the actor is no longer live")]
    ActorGone,
    /// The actor no longer holds all permissions that the decision relied on.
    #[error("the actor no longer holds what the change leans on")]
    ActorNarrowed,
    /// The actor's list of addresses no longer has the entry that admitted the request.
    #[error("the actor's list of addresses is another one now")]
    ActorMoved,
    /// The changed token has made a token or a secret, and the change requires that it has not: the
    /// use case has to check first whether the actor's token descends from it.
    #[error("the changed token may be an ancestor of the actor's")]
    MayBeAncestor,
    /// The same user created a token under this key before.
    #[error("already made as {token}")]
    AlreadyMade {
        /// The token that was created.
        token: TokenId,
        /// The fingerprint of that request.
        fingerprint: Fingerprint,
    },
    /// The connection broke during the commit: the change is stored, or it is not.
    #[error("it is not known whether the change was stored")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
    /// The store could not answer.
    #[error(transparent)]
    Fault(#[from] StoreError),
}

/// Reason why a tenant was not created.
#[derive(Debug, Error)]
pub enum TenantError {
    /// A tenant of that name exists.
    #[error("there is a tenant of that name")]
    NameTaken,
    /// The store could not answer.
    #[error(transparent)]
    Fault(#[from] StoreError),
}
