//! Errors of a broken history: the reason and the place.

use thiserror::Error;

use crate::Version;

/// Reason and place of a break in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BrokenChain {
    /// An event is missing before this version.
    #[error("an event is missing before version {0}")]
    Gap(Version),
    /// The event of this version differs from what was written.
    #[error("the event of version {0} is not what was written")]
    Altered(Version),
    /// The event of this version made a secret without a commitment, although earlier events of its
    /// chain have newer encodings.
    #[error("the event of version {0} does not commit to the secret that it made")]
    Uncommitted(Version),
    /// The chain does not end where the record says: events are missing at its end, or were added.
    #[error("the chain does not end where the record says")]
    WrongEnd,
    /// The record's value of this field differs from the one that follows from its events.
    #[error("the record's {0} differs from what its events say")]
    RecordDiffers(&'static str),
    /// There are events without a record.
    #[error("there are events without a record")]
    RecordMissing,
    /// The record cannot be read because of the value in this column.
    #[error("the record's column {0} cannot be read")]
    RecordUnreadable(&'static str),
    /// The secret of this version's event is not stored.
    #[error("the secret of version {0} is not stored")]
    SecretMissing(Version),
    /// A secret is stored for the token that no event made.
    #[error("a secret is stored that no event made")]
    SecretUnknown,
    /// The secret of this version differs in this column from what its events say.
    #[error("the {1} of the secret of version {0} differs from what its events say")]
    SecretDiffers(Version, &'static str),
    /// The user that stands for the token is not stored.
    #[error("the token's user is not stored")]
    UserMissing,
    /// The token's user differs in this column from what the token's events say.
    #[error("the {0} of the token's user differs from what the events say")]
    UserDiffers(&'static str),
    /// A table lacks the row that it must have for each live token.
    #[error("the live token has no row in {0}")]
    RowMissing(&'static str),
    /// A table has a row for the token, although it is revoked.
    #[error("the revoked token has a row in {0}")]
    RowLeft(&'static str),
    /// The token's row in a table has a wrong value in a column.
    #[error("the {column} of the token's row in {table} has a wrong value")]
    RowDiffers {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A row of the token cannot be read because of the value in a column.
    #[error("the column {column} of the token's row in {table} cannot be read")]
    RowUnreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}
