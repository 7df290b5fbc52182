//! What a refusal of the rules is called outside. No match has a wildcard: a new rule does not
//! compile until it says how it is answered.

use countersign_domain::{Gravity, Refused};

use super::{Code, Fault, Problem};

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let (code, detail) = match refused.gravity() {
            Gravity::PermissionNotHeld => (
                Code::PermissionNotHeld,
                "The API token would give more than it holds, as the errors say.",
            ),
            Gravity::SelfWidening => (
                Code::SelfWidening,
                "An API token cannot prolong itself or admit further addresses to itself.",
            ),
            Gravity::AncestorProtected => (
                Code::AncestorProtected,
                "The API token descends from the one that it would widen or rotate.",
            ),
            Gravity::NotRevivable => (
                Code::TokenNotRevivable,
                "An expired API token can be renamed or narrowed; it is not widened and gets no new secret.",
            ),
            Gravity::NewestSecret => (
                Code::NewestSecret,
                "The newest secret of an API token is not ended alone: rotate it, or revoke the token.",
            ),
            Gravity::WouldLockOut => (
                Code::WouldLockOut,
                "The caller's own address would no longer be allowed; allowLockout=true insists on it.",
            ),
            Gravity::InvalidValue => (
                Code::RuleViolated,
                "The request breaks the rules that the errors name.",
            ),
        };
        Self::new(code, detail).with_faults(refused.violations().iter().map(Fault::from).collect())
    }
}
