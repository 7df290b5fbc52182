//! All that is stored of one token, to be compared with what its events say.

use crate::{
    ChainHash, LastUse, PartialToken, PermissionSet, SecretDigest, Timestamp, Token, UserId,
};

/// What the tables say of one token, live or revoked, all at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSnapshot {
    /// The record.
    pub token: Token,
    /// What the record's name is compared by.
    pub name_key: Box<str>,
    /// Who made the token.
    pub created_by: UserId,
    /// Who changed it last.
    pub modified_by: UserId,
    /// The hash of its newest event.
    pub head: ChainHash,
    /// When it was revoked; `None` while it is live.
    pub revoked: Option<Timestamp>,
    /// The user that stands for the token; `None` where there is no such user.
    pub user: Option<UserSnapshot>,
    /// All secrets that it ever had.
    pub secrets: Vec<SecretSnapshot>,
    /// By what it is searched.
    pub search: Search,
    /// When it was last used; `None` where it has no row in that table.
    pub uses: Option<UsesRow>,
}

/// What a token's user says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSnapshot {
    /// Its name.
    pub name: Box<str>,
    /// Whether it is of the kind that stands for tokens.
    pub stands_for_a_token: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSnapshot {
    /// Its digest.
    pub digest: SecretDigest,
    /// What may be shown of it.
    pub partial: PartialToken,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops working, or did; `None` for the newest.
    pub valid_until: Option<Timestamp>,
    /// When and where it was last used.
    pub last_used: Option<LastUse>,
}

/// Where tokens are searched by name and permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// In the records themselves.
    Records,
    /// In a table of its own, which has this row for the token.
    Row(Option<SearchRow>),
}

/// By what a token is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRow {
    /// What its name is compared by.
    pub name_key: Box<str>,
    /// What it may do.
    pub permissions: PermissionSet,
}

/// A token's row among the last uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsesRow {
    /// When and where it was last used.
    pub last: Option<LastUse>,
}
