//! Mapping of refusals by the rules to problems. No match has a wildcard, so a new rule does not
//! compile until it has its answer here.

use countersign_domain::{RefusalKind, RuleViolations};

use super::{Code, FieldError, Problem};

impl From<RuleViolations> for Problem {
    fn from(refused: RuleViolations) -> Self {
        let (code, detail) = match refused.gravity() {
            RefusalKind::PermissionNotHeld => (
                Code::PermissionNotHeld,
                "The API token would give more than it holds, as the errors say.",
            ),
            RefusalKind::SelfWidening => (
                Code::SelfWidening,
                "An API token cannot prolong itself or admit further addresses to itself.",
            ),
            RefusalKind::AncestorProtected => (
                Code::AncestorProtected,
                "The API token descends from the one that it would widen or rotate.",
            ),
            RefusalKind::NotRevivable => (
                Code::TokenNotRevivable,
                "An expired API token can be renamed or narrowed; it cannot be widened or get a new secret.",
            ),
            RefusalKind::NewestSecret => (
                Code::NewestSecret,
                "The newest secret of an API token cannot end alone: rotate or revoke the token.",
            ),
            RefusalKind::WouldLockOut => (
                Code::WouldLockOut,
                "The caller's own address would no longer be allowed; allowLockout=true allows that.",
            ),
            RefusalKind::InvalidValue => (
                Code::RuleViolated,
                "The request breaks the rules that the errors name.",
            ),
        };
        Self::new(code, detail)
            .with_faults(refused.violations().iter().map(FieldError::from).collect())
    }
}
