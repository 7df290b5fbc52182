//! Which token came from which. A token *descends* from whatever token made it or rotated it,
//! because either learns its secret, and from whatever those descend from. The history says so.

use countersign_domain::{EventKind, Timestamp, TokenId, TokenName, Version};

/// Which tokens are meant: one, and what descends from it by events at or after an instant.
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
    /// How many there are, listed or not.
    pub total: u64,
    /// The head first, if it is live; then makers before what they made, as far as makers have no
    /// circle.
    pub tokens: Vec<Descendant>,
}

/// One live token of a lineage. The rules cannot judge what they cannot read, but it is revoked all
/// the same, so each value that may be unreadable is optional.
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
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// How a token became a descendant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Created or rotated.
    pub kind: EventKind,
    /// The token that did so.
    pub by: TokenId,
}
