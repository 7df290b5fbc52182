//! Snapshot of everything that is stored of one token, to compare with its events.

use crate::{
    ChainHash, LastUse, PartialToken, PermissionSet, SecretDigest, Timestamp, Token, UserId,
};

/// The rows of one token, live or revoked, all at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSnapshot {
    /// The record.
    pub token: Token,
    /// The key by which the record's name is compared.
    pub name_key: Box<str>,
    /// The key by which the record's owner is searched.
    pub owner_key: Option<Box<str>>,
    /// The user who created the token.
    pub created_by: UserId,
    /// The user who changed it last.
    pub modified_by: UserId,
    /// The hash of its newest event.
    pub head: ChainHash,
    /// The instant of its revocation; `None` while it is live.
    pub revoked: Option<Timestamp>,
    /// The user that stands for the token; `None` if it is not stored.
    pub user: Option<UserSnapshot>,
    /// All secrets that the token ever had.
    pub secrets: Vec<SecretSnapshot>,
    /// The values by which the token is searched.
    pub search: Search,
    /// The last use; `None` if that table has no row for the token.
    pub uses: Option<UsesRow>,
}

/// The stored values of a token's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSnapshot {
    /// Its name.
    pub name: Box<str>,
    /// Whether the user is of the kind that stands for tokens.
    pub stands_for_a_token: bool,
    /// The instant of its creation.
    pub created: Timestamp,
    /// The instant at which it was closed.
    pub closed: Option<Timestamp>,
}

/// A stored secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSnapshot {
    /// Its digest.
    pub digest: SecretDigest,
    /// The part that may be shown.
    pub partial: PartialToken,
    /// The instant at which it was made.
    pub created: Timestamp,
    /// The instant at which it stops working, or stopped; `None` for the newest.
    pub valid_until: Option<Timestamp>,
    /// The last use.
    pub last_used: Option<LastUse>,
}

/// Where the store searches tokens by name and permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// The records themselves.
    Records,
    /// A separate table, with this row for the token.
    Row(Option<SearchRow>),
}

/// The values by which a token is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRow {
    /// The key by which its name is compared.
    pub name_key: Box<str>,
    /// The permissions that it holds.
    pub permissions: PermissionSet,
}

/// A token's row in the table of last uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsesRow {
    /// The last use.
    pub last: Option<LastUse>,
}
