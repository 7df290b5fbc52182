//! Ancestors: a token that was made by another one, or got a secret from it, gives that one nothing
//! back. Whoever leaked a token could otherwise undo, with what it made, every bound that is put on
//! it afterwards.

use crate::{Actor, Field, TokenId, Violation};

/// Whether the actor's token descends from the token that is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descent {
    /// It does not.
    Apart,
    /// The changed token made the actor's token or rotated it, or another descendant of the changed
    /// token did.
    Descendant,
}

impl Descent {
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
