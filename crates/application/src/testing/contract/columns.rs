//! Each column with a value that the service never writes, and the result of each operation.

use super::Bad;

/// The result of a check of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Its facts.
    Facts,
    /// Its facts, with the empty text for its user's name.
    Nameless,
    /// An error: it is unknown whether the token is valid.
    Fault,
    /// The secret counts as unknown.
    Unknown,
}

/// The result of another read of the token, or of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// As if nothing were wrong.
    Good,
    /// [`UseCaseError::Unreadable`].
    Unreadable,
    /// [`UseCaseError::TokenNotFound`].
    Gone,
}

use Check::{Facts, Fault, Nameless, Unknown};
use Read::{Gone, Good, Unreadable};

/// A spoilt column, with the results of a check, the record (get, list, query, update, rotate), the
/// secrets, and the events.
pub(super) type Row = (&'static str, Bad, Check, Read, Read, Read);

pub(super) const API_TOKENS: &[Row] = &[
    ("tenant_id", Bad::Stranger, Unknown, Gone, Good, Good),
    // Another id makes it another token.
    ("version", Bad::Zero, Fault, Unreadable, Good, Good),
    ("name", Bad::Blank, Facts, Unreadable, Good, Good),
    ("name", Bad::Bytes, Facts, Unreadable, Good, Good),
    ("name_key", Bad::Blank, Facts, Good, Good, Good),
    ("name_key", Bad::Bytes, Facts, Good, Good, Good),
    ("user_id", Bad::Stranger, Unknown, Good, Good, Good),
    ("partial_token", Bad::Text, Facts, Unreadable, Good, Good),
    ("partial_token", Bad::Bytes, Facts, Unreadable, Good, Good),
    ("expiry", Bad::Time, Fault, Unreadable, Good, Good),
    (
        "allowed_addresses",
        Bad::List,
        Fault,
        Unreadable,
        Good,
        Good,
    ),
    (
        "allowed_addresses",
        Bad::NoList,
        Fault,
        Unreadable,
        Good,
        Good,
    ),
    (
        "allowed_addresses",
        Bad::Bytes,
        Fault,
        Unreadable,
        Good,
        Good,
    ),
    ("permissions", Bad::List, Fault, Unreadable, Good, Good),
    ("permissions", Bad::NoList, Fault, Unreadable, Good, Good),
    ("permissions", Bad::Bytes, Fault, Unreadable, Good, Good),
    ("owner", Bad::Blank, Fault, Unreadable, Good, Good),
    ("owner", Bad::Bytes, Fault, Unreadable, Good, Good),
    ("owner_key", Bad::Blank, Facts, Good, Good, Good),
    ("owner_key", Bad::Bytes, Facts, Good, Good, Good),
    ("description", Bad::Blank, Facts, Unreadable, Good, Good),
    ("description", Bad::Bytes, Facts, Unreadable, Good, Good),
    ("metadata", Bad::Pairs, Fault, Unreadable, Good, Good),
    ("metadata", Bad::Bytes, Fault, Unreadable, Good, Good),
    ("created_at", Bad::Time, Fault, Unreadable, Good, Good),
    ("created_by", Bad::Stranger, Facts, Unreadable, Good, Good),
    ("modified_at", Bad::Time, Fault, Unreadable, Good, Good),
    ("modified_by", Bad::Stranger, Facts, Unreadable, Good, Good),
    ("chain_head", Bad::Hash, Facts, Unreadable, Good, Good),
    // Whatever the instant is: the token is revoked.
    ("revoked_at", Bad::Time, Unknown, Gone, Good, Good),
];

/// The row of the token's own user.
pub(super) const USERS: &[Row] = &[
    ("tenant_id", Bad::Stranger, Unknown, Good, Good, Good),
    ("id", Bad::Stranger, Unknown, Good, Good, Good),
    ("name", Bad::Blank, Nameless, Good, Good, Good),
    ("name", Bad::Bytes, Nameless, Good, Good, Good),
    ("kind", Bad::Text, Facts, Good, Good, Good),
    ("kind", Bad::Bytes, Facts, Good, Good, Good),
    ("created_at", Bad::Time, Facts, Good, Good, Good),
    ("closed_at", Bad::Time, Unknown, Good, Good, Good),
];

pub(super) const TOKEN_SECRETS: &[Row] = &[
    ("digest", Bad::Hash, Unknown, Good, Good, Good),
    ("tenant_id", Bad::Stranger, Unknown, Good, Good, Good),
    ("token_id", Bad::Stranger, Unknown, Good, Good, Good),
    ("partial_token", Bad::Text, Facts, Good, Unreadable, Good),
    ("partial_token", Bad::Bytes, Facts, Good, Unreadable, Good),
    ("created_at", Bad::Time, Facts, Good, Unreadable, Good),
    ("retires_at", Bad::Time, Fault, Good, Unreadable, Good),
    ("last_used_at", Bad::Time, Facts, Good, Unreadable, Good),
    (
        "last_used_address",
        Bad::Text,
        Facts,
        Good,
        Unreadable,
        Good,
    ),
];

pub(super) const TOKEN_USES: &[Row] = &[
    ("tenant_id", Bad::Stranger, Facts, Good, Good, Good),
    ("token_id", Bad::Stranger, Facts, Good, Good, Good),
    ("used_at", Bad::Time, Facts, Unreadable, Good, Good),
    ("address", Bad::Text, Facts, Unreadable, Good, Good),
    ("address", Bad::Bytes, Facts, Unreadable, Good, Good),
];

/// The only event.
pub(super) const AUDIT_EVENTS: &[Row] = &[
    ("tenant_id", Bad::Stranger, Facts, Good, Good, Gone),
    ("token_id", Bad::Stranger, Facts, Good, Good, Gone),
    ("version_after", Bad::Zero, Facts, Good, Good, Unreadable),
    ("kind", Bad::Text, Facts, Good, Good, Unreadable),
    ("kind", Bad::Bytes, Facts, Good, Good, Unreadable),
    ("at", Bad::Time, Facts, Good, Good, Unreadable),
    ("by_user", Bad::Stranger, Facts, Good, Good, Unreadable),
    ("address", Bad::Text, Facts, Good, Good, Unreadable),
    ("address", Bad::Bytes, Facts, Good, Good, Unreadable),
    ("request_id", Bad::Text, Facts, Good, Good, Unreadable),
    ("request_id", Bad::Bytes, Facts, Good, Good, Unreadable),
    ("version_before", Bad::Zero, Facts, Good, Good, Unreadable),
    ("changes", Bad::Text, Facts, Good, Good, Unreadable),
    ("changes", Bad::Blank, Facts, Good, Good, Unreadable),
    ("changes", Bad::Bytes, Facts, Good, Good, Unreadable),
    ("hash", Bad::Hash, Facts, Good, Good, Unreadable),
];
