//! Queries over many tokens: a typed filter, which a store turns into bound parameters, so that a
//! query cannot make it do anything else.

mod page;

use countersign_domain::{Timestamp, TokenId, UserId};

pub use page::{Listed, Page, PageRequest};

/// A filter of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of these match; an empty list matches every token.
    All(Vec<Self>),
    /// At least one of these matches; an empty list matches no token.
    Any(Vec<Self>),
    /// The token's id.
    Id(Compare<TokenId>),
    /// The id of its API Token User.
    UserId(Compare<UserId>),
    /// The id of the user who created it.
    CreatedBy(Compare<UserId>),
    /// Whether it is revoked.
    Revoked(bool),
    /// Its version.
    Version(Compare<i64>),
    /// One of its instants.
    Time(TimeField, Compare<Timestamp>),
    /// Whether it was ever used.
    Used(bool),
    /// One of its texts.
    Text(TextField, TextTest),
    /// One of its lists.
    List(ListField, ListTest),
    /// The value of this key of its metadata.
    Metadata(String, MetadataTest),
}

impl Filter {
    /// The scope: the live tokens, unless the filter asks for revocations.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.requires_revoked() {
            _ if !self.asks_for_revocations() => Scope::Live,
            Some(false) => Scope::Live,
            Some(true) => Scope::Revoked,
            None => Scope::All,
        }
    }

    fn asks_for_revocations(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_revocations),
            Self::Revoked(_) | Self::Time(TimeField::RevokedDate, _) => true,
            _ => false,
        }
    }

    /// Whether all matching tokens are revoked, or none is, as far as one part decides that.
    fn requires_revoked(&self) -> Option<bool> {
        match self {
            Self::All(parts) => parts.iter().find_map(Self::requires_revoked),
            Self::Revoked(revoked) => Some(*revoked),
            // A token that is not revoked has no such instant, and only these match it.
            Self::Time(TimeField::RevokedDate, Compare::Ne(_) | Compare::Nin(_)) => None,
            Self::Time(TimeField::RevokedDate, _) => Some(true),
            _ => None,
        }
    }

    /// Whether the filter asks for the tokens that certain users created.
    #[must_use]
    pub fn asks_for_makers(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_makers),
            Self::CreatedBy(Compare::Eq(_) | Compare::In(_)) => true,
            _ => false,
        }
    }

    /// Whether the filter asks for owners or metadata, which have indexes of their own.
    #[must_use]
    pub fn asks_for_annotations(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_annotations),
            Self::Text(TextField::Owner, _) | Self::Metadata(..) => true,
            _ => false,
        }
    }

    /// Whether the filter asks for last uses.
    #[must_use]
    pub fn asks_for_uses(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_uses),
            Self::Used(_) | Self::Time(TimeField::LastUsedDate, _) => true,
            _ => false,
        }
    }

    /// The maximum number of values with which a token is compared, which is the cost for each
    /// token.
    #[must_use]
    pub fn comparisons(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::comparisons).sum(),
            Self::Id(test) => test.comparisons(),
            Self::UserId(test) | Self::CreatedBy(test) => test.comparisons(),
            Self::Version(test) => test.comparisons(),
            Self::Time(_, test) => test.comparisons(),
            Self::Text(_, TextTest::Compare(test)) => test.comparisons(),
            Self::Used(_)
            | Self::Revoked(_)
            | Self::Text(..)
            | Self::Metadata(_, MetadataTest::Exists(_))
            | Self::List(_, ListTest::Empty(_)) => 1,
            Self::Metadata(_, MetadataTest::OneOf(values)) => values.len().max(1),
            Self::List(_, ListTest::ContainsAll(values) | ListTest::LacksAny(values)) => {
                values.len().max(1)
            }
        }
    }
}

/// The scope of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The live ones.
    Live,
    /// The revoked ones.
    Revoked,
    /// Live and revoked ones.
    All,
}

/// A comparison of a value. Texts compare by their UTF-8 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compare<T> {
    /// Equal.
    Eq(T),
    /// Not equal.
    Ne(T),
    /// Greater or later.
    Gt(T),
    /// Greater, later, or equal.
    Gte(T),
    /// Less or earlier.
    Lt(T),
    /// Less, earlier, or equal.
    Lte(T),
    /// Equal to one of these; an empty list matches no token.
    In(Vec<T>),
    /// Equal to none of these; an empty list matches every token.
    Nin(Vec<T>),
}

impl<T> Compare<T> {
    fn comparisons(&self) -> usize {
        match self {
            Self::In(values) | Self::Nin(values) => values.len().max(1),
            _ => 1,
        }
    }
}

/// A field that is an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// The expiry.
    Expiry,
    /// The instant of creation.
    CreationDate,
    /// The instant of the last change.
    LastModifiedDate,
    /// The instant of the last use. A token that was never used has none: it is neither before nor
    /// after any other, and equal to none.
    LastUsedDate,
    /// The instant of the revocation. A live token has none, like one that was never used.
    RevokedDate,
}

/// A field that is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// The name. Needles of the caseless tests are folded as [`countersign_domain::caseless_key`]
    /// folds.
    Name,
    /// The partial token of the newest secret. Needles of the caseless tests are in lower case.
    PartialToken,
    /// The owner, with needles as those of the name. A token without an owner is equal to no text and
    /// starts with none.
    Owner,
}

/// A test of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// Compares the text as it is.
    Compare(Compare<String>),
    /// The text equals this, without regard to case.
    Equals(String),
    /// The text contains this, without regard to case.
    Contains(String),
    /// The text starts with this, without regard to case.
    StartsWith(String),
    /// The text does not start with this, without regard to case.
    NotStartsWith(String),
}

/// A field that is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListField {
    /// The permissions that the token holds.
    Permissions,
    /// The addresses from which it may be used, each in its canonical form.
    AllowedAddresses,
}

/// A test of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListTest {
    /// The list has all of these.
    ContainsAll(Vec<String>),
    /// The list lacks at least one of these.
    LacksAny(Vec<String>),
    /// Whether the list is empty.
    Empty(bool),
}

/// A test of one key of the metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataTest {
    /// The key has one of these values; an empty list matches no token.
    OneOf(Vec<String>),
    /// Whether the key is there.
    Exists(bool),
}

/// A field by which tokens can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderField {
    /// The folded name, by its UTF-8 bytes.
    Name,
    /// The expiry.
    Expiry,
    /// The instant of creation.
    CreationDate,
    /// The instant of the last change.
    LastModifiedDate,
    /// The instant of the last use; tokens that were never used come before all others.
    LastUsedDate,
    /// The instant of the revocation; live tokens come before all others.
    RevokedDate,
}

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: OrderField,
    /// Whether the order is descending.
    pub descending: bool,
}

impl Order {
    /// Whether the order asks for last uses.
    #[must_use]
    pub fn asks_for_uses(&self) -> bool {
        self.field == OrderField::LastUsedDate
    }
}
