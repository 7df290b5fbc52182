//! Retiring one replaced secret of a token, before its overlap is over.

use super::{Policy, decide};
use crate::{
    Actor, Change, Changes, EndTokens, EventKind, FieldChange, Operation as _, PartialToken,
    PermissionSet, Request, RetireSecrets, RuleViolations, SecretCommitment, SecretDigest,
    SecretView, Timestamp, Token, TokenId, TokenView, Violation, Write,
};

/// Which secret of a token a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretChoice {
    /// The secret with this commitment.
    Commitment(SecretCommitment),
    /// The secret with this partial token.
    Partial(PartialToken),
    /// The secret whose [`PartialToken::end`] is this text, whatever its prefix.
    End(Box<str>),
}

impl SecretChoice {
    fn names(&self, secret: &SecretView) -> bool {
        match self {
            Self::Commitment(commitment) => {
                let digest = secret.digest.as_ref();
                digest.is_some_and(|digest| digest.commitment() == *commitment)
            }
            Self::Partial(partial) => secret.partial == *partial,
            Self::End(end) => secret.partial.end() == &**end,
        }
    }
}

impl Policy {
    /// Decides about ending a replaced secret alone; `None` if no working secret is named.
    /// `secrets` are the working ones, the newest first.
    ///
    /// # Errors
    /// Returns a violation for the newest secret: its token would be left without one.
    pub fn retire(
        &self,
        request: &Request,
        view: &TokenView,
        secrets: &[SecretView],
        choice: &SecretChoice,
    ) -> Result<Option<Change>, RuleViolations> {
        let meant = secrets.iter().filter(|secret| choice.names(secret));
        let replaced = meant.clone().find_map(|secret| {
            let ended = (secret.digest?, secret.valid_until?);
            Some(ended)
        });
        let newest = meant.clone().any(|secret| secret.valid_until.is_none());
        match replaced {
            Some(ended) => Ok(Some(retired(request, view, secrets, ended))),
            None if newest => RuleViolations::unless_none(vec![Violation::NewestSecret], None),
            None => Ok(None),
        }
    }

    /// Decides about ending a secret for good: a replaced one alone, the newest with its whole
    /// token. `None` if no working secret is named.
    #[must_use]
    pub fn end_secret(
        &self,
        request: &Request,
        view: &TokenView,
        secrets: &[SecretView],
        choice: &SecretChoice,
    ) -> Option<Change> {
        let retired = self.retire(request, view, secrets, choice);
        retired.unwrap_or_else(|_newest| Some(self.revoke(request, view)))
    }
}

/// The secret ends as if the rotation that replaced it had left no overlap. That end lies before
/// any change in flight and before the clock of any node, so nobody has a moment left to use it.
fn retired(
    request: &Request,
    view: &TokenView,
    secrets: &[SecretView],
    (digest, before): (SecretDigest, Timestamp),
) -> Change {
    let newest = secrets.iter().map(|secret| secret.created).max();
    let valid_until = newest.map_or(request.now, |newest| newest.min(request.now));
    let expected = view.token.version;
    let next = Token {
        // The actor's tenant counts, not the view's: an actor writes only in its own tenant.
        tenant: request.actor.tenant,
        version: expected.next(),
        modified: request.now,
        ..view.token.clone()
    };
    let changes = Changes {
        replaced_retires_at: Some(FieldChange {
            before: Some(before),
            after: Some(valid_until),
        }),
        ..Changes::default()
    };
    let write = Write::Retire {
        expected,
        digest,
        valid_until,
    };
    decide(
        request,
        (EventKind::Updated, write),
        next,
        (Some(expected), &view.head),
        changes,
        required_permissions(&request.actor, view.token.id),
    )
}

/// The permissions that the decision relied on: none for an actor that holds a secret of the
/// token, because this is enough to revoke the token as a whole. For other actors, either the
/// permission to change the token or the one to revoke it is enough.
fn required_permissions(actor: &Actor, ended: TokenId) -> PermissionSet {
    if actor.may::<EndTokens>() {
        EndTokens::relied_on(actor, ended)
    } else {
        RetireSecrets::relied_on(actor, ended)
    }
}
