//! Why a history is broken, and where.

use thiserror::Error;

use crate::Version;

/// Why a history is broken, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BrokenChain {
    /// An event is missing before this version.
    #[error("an event is missing before version {0}")]
    Gap(Version),
    /// The event of this version is not what was written.
    #[error("the event of version {0} is not what was written")]
    Altered(Version),
    /// The event of this version made a secret without committing to it, though its chain has had newer events before.
    #[error("the event of version {0} does not commit to the secret that it made")]
    Uncommitted(Version),
    /// The chain ends elsewhere than the record says: events are missing at its end, or were added.
    #[error("the chain does not end where the record says")]
    WrongEnd,
    /// The record has another value in this field than its events gave it.
    #[error("the record's {0} is not what its events made it")]
    RecordDiffers(&'static str),
    /// There are events, and no record.
    #[error("there are events without a record")]
    RecordMissing,
    /// The record cannot be read for what this column holds.
    #[error("the record's column {0} cannot be read")]
    RecordUnreadable(&'static str),
    /// The secret that the event of this version made is not stored.
    #[error("the secret of version {0} is not stored")]
    SecretMissing(Version),
    /// A secret is stored for the token, and no event made it.
    #[error("a secret is stored that no event made")]
    SecretUnknown,
    /// The secret of this version has another value in this column than its events gave it.
    #[error("the {1} of the secret of version {0} is not what its events made it")]
    SecretDiffers(Version, &'static str),
    /// The user that stands for the token is not stored.
    #[error("the token's user is not stored")]
    UserMissing,
    /// The token's user has another value in this column than the token's events gave it.
    #[error("the {0} of the token's user is not what the events made it")]
    UserDiffers(&'static str),
    /// A table lacks the row that it has for each live token.
    #[error("the live token has no row in {0}")]
    RowMissing(&'static str),
    /// A table has a row for the token, although it is revoked.
    #[error("the revoked token has a row in {0}")]
    RowLeft(&'static str),
    /// The token's row in a table has another value in this column than there should be.
    #[error("the {column} of the token's row in {table} is not what it should be")]
    RowDiffers {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// What belongs to the record cannot be read for what this column holds.
    #[error("the column {column} of the token's row in {table} cannot be read")]
    RowUnreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}
