//! What can be asked about many tokens: a typed filter, so that a store can turn each question into bound
//! parameters and cannot be made to do anything else.

use countersign_domain::{Timestamp, TokenId, TokenView, UserId};

use crate::ports::Unreadable;

/// Which tokens match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of these; of none = every token.
    All(Vec<Self>),
    /// At least one of these; of none = no token.
    Any(Vec<Self>),
    /// By the token's id.
    Id(Compare<TokenId>),
    /// By the id of its API Token User.
    UserId(Compare<UserId>),
    /// By the id of the user who made it.
    CreatedBy(Compare<UserId>),
    /// Whether it was revoked.
    Revoked(bool),
    /// By its version.
    Version(Compare<i64>),
    /// By one of its instants.
    Time(TimeField, Compare<Timestamp>),
    /// Whether it was ever used.
    Used(bool),
    /// By one of its texts.
    Text(TextField, TextTest),
    /// By one of its lists.
    List(ListField, ListTest),
}

impl Filter {
    /// Which tokens it is about: the live ones, unless it asks for revocations.
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

    /// Whether all tokens that match were revoked, or none of them was, as far as one part says so.
    fn requires_revoked(&self) -> Option<bool> {
        match self {
            Self::All(parts) => parts.iter().find_map(Self::requires_revoked),
            Self::Revoked(revoked) => Some(*revoked),
            // What was not revoked has no such instant, and only these match it.
            Self::Time(TimeField::RevokedDate, Compare::Ne(_) | Compare::Nin(_)) => None,
            Self::Time(TimeField::RevokedDate, _) => Some(true),
            _ => None,
        }
    }

    /// Whether it asks for the tokens that certain users made.
    #[must_use]
    pub fn asks_for_makers(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_makers),
            Self::CreatedBy(Compare::Eq(_) | Compare::In(_)) => true,
            _ => false,
        }
    }

    /// Whether it asks when tokens were last used.
    #[must_use]
    pub fn asks_for_uses(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_uses),
            Self::Used(_) | Self::Time(TimeField::LastUsedDate, _) => true,
            _ => false,
        }
    }

    /// With how many values it compares a token at most, which is what it costs for each token.
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
            | Self::List(_, ListTest::Empty(_)) => 1,
            Self::List(_, ListTest::ContainsAll(values) | ListTest::LacksAny(values)) => {
                values.len().max(1)
            }
        }
    }
}

/// Which tokens a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The live ones.
    Live,
    /// The revoked ones.
    Revoked,
    /// Live and revoked ones.
    All,
}

/// How one value compares to others. Texts compare by their UTF-8 bytes.
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
    /// Equal to one of these; of none = no token.
    In(Vec<T>),
    /// Equal to none of these; of none = every token.
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
    /// When the token ends.
    Expiry,
    /// When it was made.
    CreationDate,
    /// When it was last changed.
    LastModifiedDate,
    /// When it was last used. One that was never used has no such instant: it is neither before nor after any other, and
    /// equal to none.
    LastUsedDate,
    /// When it was revoked. A live one has no such instant, as one that was never used.
    RevokedDate,
}

/// A field that is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// The name. Needles of the caseless tests are folded as [`countersign_domain::caseless_key`]
    /// folds.
    Name,
    /// What may be shown of the secret. Needles of the caseless tests are in lower case.
    PartialToken,
}

/// What is asked of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// The text as it is.
    Compare(Compare<String>),
    /// It equals this, without regard to case.
    Equals(String),
    /// It contains this, without regard to case.
    Contains(String),
    /// It starts with this, without regard to case.
    StartsWith(String),
    /// It does not start with this, without regard to case.
    NotStartsWith(String),
}

/// A field that is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListField {
    /// What the token may do.
    Permissions,
    /// Where it may be used from, each in its canonical form.
    AllowedAddresses,
}

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListTest {
    /// All of these are in it.
    ContainsAll(Vec<String>),
    /// At least one of these is not in it.
    LacksAny(Vec<String>),
    /// Whether nothing is in it.
    Empty(bool),
}

/// A field that tokens can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderField {
    /// The folded name, by its UTF-8 bytes.
    Name,
    /// When the token ends.
    Expiry,
    /// When it was made.
    CreationDate,
    /// When it was last changed.
    LastModifiedDate,
    /// When it was last used; those that never were come before all others.
    LastUsedDate,
    /// When it was revoked; live ones come before all others.
    RevokedDate,
}

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: OrderField,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Order {
    /// Whether it asks when tokens were last used.
    #[must_use]
    pub fn asks_for_uses(&self) -> bool {
        self.field == OrderField::LastUsedDate
    }
}

/// Which page of the matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Its number, from 0.
    pub number: u32,
    /// How many records a page holds, 1 to 100.
    pub size: u8,
    /// How far matches are counted; `None` = all of them, which costs the more the more there are.
    pub count_to: Option<u32>,
}

impl PageRequest {
    /// How many records come before the page.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::from(self.number) * i64::from(self.size)
    }
}

/// One page of the matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records of the page.
    pub content: Vec<T>,
    /// The tokens of the page whose records cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// How many match altogether, unreadable ones included; where they are not all counted, at most
    /// [`PageRequest::count_to`].
    pub total: u64,
}

/// A part of the list of tokens in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The records.
    pub content: Vec<TokenView>,
    /// The tokens of this part whose records cannot be read.
    pub unreadable: Vec<Unreadable>,
}

impl Listed {
    /// Keeps the first `limit` tokens, readable or not. If there were more, returns the id behind
    /// which the list goes on.
    pub fn truncate(&mut self, limit: usize) -> Option<TokenId> {
        let readable = self.content.iter().map(|view| view.token.id);
        let mut ids: Vec<_> = readable
            .chain(self.unreadable.iter().map(|one| one.token))
            .collect();
        ids.sort_unstable();
        let more = ids.len() > limit;
        let last = *ids.get(limit.checked_sub(1)?).filter(|_| more)?;
        self.content.retain(|view| view.token.id <= last);
        self.unreadable.retain(|one| one.token <= last);
        Some(last)
    }
}
