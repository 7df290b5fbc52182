//! Descent of tokens. A token *descends* from each token that created it or rotated it, because
//! both learn its secret, and from the ancestors of those. The history says so.

use countersign_domain::{EventKind, Timestamp, TokenId, TokenName, Version};

/// A lineage: one token, and its descendants by events at or after an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// The token at the head.
    pub token: TokenId,
    /// The instant; `None` for the whole history.
    pub since: Option<Timestamp>,
}

/// The live tokens of a lineage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Descendants {
    /// The number of tokens, listed or not.
    pub total: u64,
    /// The head first, if it is live; then creators before the tokens that they created, unless
    /// creators form a circle.
    pub tokens: Vec<Descendant>,
}

/// One live token of a lineage. The rules cannot judge values that cannot be read, but the token is
/// revoked all the same, so each value that may be unreadable is optional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descendant {
    /// Its id.
    pub id: TokenId,
    /// The first event that made it a descendant; `None` for the head.
    pub origin: Option<Origin>,
    /// Its name.
    pub name: Option<TokenName>,
    /// Its version.
    pub version: Option<Version>,
    /// The instant of its creation.
    pub created: Option<Timestamp>,
}

/// The event that made a token a descendant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Created or rotated.
    pub kind: EventKind,
    /// The token that caused it.
    pub by: TokenId,
}
