//! Rotating a token's secret. The caller learns the new secret and can use the token with it, so
//! the caller must hold the token's permissions.

use thiserror::Error;

use super::{Descent, Policy, decide, fields};
use crate::{
    Change, Changes, EventKind, Field, FieldChange, Operation as _, Request, RotateTokens,
    RuleViolations, Secret, Token, TokenView, Violation, Write,
};

/// The time for which the replaced secret works beside the new one, in whole seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overlap(u32);

/// The number of seconds is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an overlap lasts 0 to {} seconds", Overlap::MAX.0)]
pub struct InvalidOverlap;

impl Overlap {
    /// The replaced secret ends at once.
    pub const NONE: Self = Self(0);
    /// The maximum, a week.
    pub const MAX: Self = Self(604_800);

    /// The overlap in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Overlap {
    type Error = InvalidOverlap;

    fn try_from(seconds: u32) -> Result<Self, InvalidOverlap> {
        if seconds <= Self::MAX.0 {
            Ok(Self(seconds))
        } else {
            Err(InvalidOverlap)
        }
    }
}

impl Policy {
    /// Decides about a new secret for a token. The expiry stays. The previously newest secret works
    /// until the overlap or the token ends, and all secrets that were replaced earlier end now, so
    /// at most two work at any time.
    ///
    /// # Errors
    /// Returns all rules that refuse it.
    pub fn rotate(
        &self,
        request: &Request,
        view: &TokenView,
        secret: &Secret,
        overlap: Overlap,
        descent: Descent,
    ) -> Result<Change, RuleViolations> {
        let (old, actor, now) = (&view.token, &request.actor, request.now);
        let own = actor.token == Some(old.id);
        let mut violations = Vec::new();
        if !own {
            let lacking = old.permissions.difference(&actor.permissions);
            violations.extend(fields::kept_not_held(
                actor,
                old,
                lacking.iter(),
                Field::Document,
            ));
        }
        let descent = descent.or_descendant();
        violations.extend(descent.violations(actor, old.id, &[Field::Document]));
        if old.is_expired(now) {
            violations.push(Violation::NotRevivable {
                field: Field::Document,
            });
        }
        RuleViolations::unless_none(violations, Some(()))?;

        let operation = RotateTokens::relied_on(actor, old.id);
        let required_permissions = if own {
            operation
        } else {
            operation.union(&old.permissions)
        };
        let expected = old.version;
        let next = Token {
            // The actor's tenant counts, not the view's: an actor writes only in its own tenant.
            tenant: actor.tenant,
            version: expected.next(),
            partial: secret.masked(),
            modified: now,
            ..old.clone()
        };
        let valid_until = now.plus_seconds(overlap.seconds()).min(old.expiry);
        let changes = Changes {
            partial_token: Some(FieldChange {
                before: Some(old.partial.clone()),
                after: Some(next.partial.clone()),
            }),
            replaced_retires_at: Some(FieldChange {
                before: None,
                after: Some(valid_until),
            }),
            ..Changes::default()
        };
        let write = Write::Rotate {
            expected,
            digest: secret.digest(),
            valid_until,
        };
        Ok(decide(
            request,
            (EventKind::Rotated, write),
            next,
            (Some(expected), &view.head),
            changes,
            required_permissions,
        ))
    }
}
