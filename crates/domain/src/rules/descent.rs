//! Ancestors: a token must not widen a token that created it or gave it a secret. Otherwise a thief
//! of a token could undo every bound that is set on it afterwards, with a token that it created.

use crate::{Actor, Field, TokenId, Violation};

/// Descent of the actor's token from the changed token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descent {
    /// The actor's token does not descend from it.
    Apart,
    /// The commit of an update decides: it stores the change only if the changed token has made no
    /// token and no secret, so that nothing descends from it. Most tokens have not, and a read of
    /// the history beforehand would cost each widening a round trip to the store.
    JudgedByCommit,
    /// The changed token created the actor's token or rotated it, or another descendant of the
    /// changed token did.
    Descendant,
}

impl Descent {
    /// For a change whose commit does not check descent: an unknown descent counts as descent.
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
        // The system descends from no token, and other rules apply to a token that changes itself.
        let other = actor.token.is_some_and(|own| own != changed);
        let refused = self == Self::Descendant && other;
        let fields = fields.iter().filter(move |_| refused);
        fields.map(|field| Violation::AncestorProtected { field: *field })
    }
}
