//! Ending one secret of a token that a rotation replaced, before its overlap is over.

use super::{Policy, decide};
use crate::{
    Change, Changes, EventKind, FieldChange, PartialToken, PermissionSet, Request, RuleViolations,
    SecretCommitment, SecretDigest, SecretView, Timestamp, Token, TokenId, TokenView, Violation,
    Write, standard,
};

/// Which secret of a token is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretChoice {
    /// The one that events commit to like this.
    Commitment(SecretCommitment),
    /// The one of which this is shown.
    Partial(PartialToken),
}

impl SecretChoice {
    fn names(&self, secret: &SecretView) -> bool {
        match self {
            Self::Commitment(commitment) => {
                let digest = secret.digest.as_ref();
                digest.is_some_and(|digest| digest.commitment() == *commitment)
            }
            Self::Partial(partial) => secret.partial == *partial,
        }
    }
}

impl Policy {
    /// Decides about ending a replaced secret alone; `None` if no secret that works is meant. The
    /// secrets are those that work now, the newest first.
    ///
    /// # Errors
    /// The newest secret is meant: its token would be left without one.
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

    /// Decides about ending a secret for good, whichever it is: a replaced one alone, and with the
    /// newest its whole token. `None` if no secret that works is meant.
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

/// The secret ends as if the rotation that replaced it had left it no time: an end that lies before
/// any change under way, and before the clock of any node, leaves nobody a moment to use it in.
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
        // Whatever view was handed in: an actor writes in its own tenant only.
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
        required_permissions(request, view.token.id),
    )
}

/// What it leans on: nothing for a secret of one's own token, which can end itself as a whole. For
/// another's either permission is enough, that to change it or that to revoke it.
fn required_permissions(request: &Request, ended: TokenId) -> PermissionSet {
    let actor = &request.actor;
    let own = actor.token == Some(ended);
    let needed = if actor.permissions.contains(&standard::API_TOKENS_DELETE) {
        standard::API_TOKENS_DELETE
    } else {
        standard::API_TOKENS_WRITE
    };
    (!own).then_some(needed).into_iter().collect()
}
