//! Ancestors: a token that was made by another one, or got a secret from it, gives that one nothing
//! back. Whoever leaked a token could otherwise undo, with what it made, every bound that is put on
//! it afterwards.

use crate::{Actor, Field, TokenId, Violation};

/// Whether the actor's token descends from the token that is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descent {
    /// It does not.
    Apart,
    /// The commit of an update judges: it stores the change only if the changed token has made no
    /// token and no secret, so that nothing descends from it. Most tokens have not, and asking the
    /// history beforehand would cost each widening a trip to the store.
    JudgedByCommit,
    /// The changed token made the actor's token or rotated it, or another descendant of the changed
    /// token did.
    Descendant,
}

impl Descent {
    /// For a change whose commit judges no descent: what is not known counts as descent.
    pub(super) const fn or_descendant(self) -> Self {
        match self {
            Self::Apart => Self::Apart,
            Self::JudgedByCommit | Self::Descendant => Self::Descendant,
        }
    }

    /// Whether the commit has to make sure that nothing descends from the changed token.
    pub(super) fn is_left_to_commit(
        self,
        actor: &Actor,
        changed: TokenId,
        fields: &[Field],
    ) -> bool {
        let of_commit = self == Self::JudgedByCommit;
        let as_descendant = Self::Descendant.violations(actor, changed, fields);
        of_commit && as_descendant.count() > 0
    }

    /// The violations of a change that widens these fields of a token, or replaces its secret.
    pub(super) fn violations(
        self,
        actor: &Actor,
        changed: TokenId,
        fields: &[Field],
    ) -> impl Iterator<Item = Violation> {
        // The system descends from nothing, and other rules bind a token that changes itself.
        let other = actor.token.is_some_and(|own| own != changed);
        let refused = self == Self::Descendant && other;
        let fields = fields.iter().filter(move |_| refused);
        fields.map(|field| Violation::AncestorProtected { field: *field })
    }
}
