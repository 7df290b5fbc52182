//! The rules of single fields, the same for creating and for changing a token. Each parses the text
//! and records its violations.

use crate::{
    Actor, AllowedAddresses, Field, InvalidAddresses, Permission, PermissionSet, Policy,
    RuleViolations, Timestamp, Token, TokenName, Violation,
};

/// An unchanged name need not be valid today: an earlier release may have allowed it.
pub(super) fn name(
    kept: Option<&TokenName>,
    written: &str,
    violations: &mut Vec<Violation>,
) -> Option<TokenName> {
    if let Ok(same) = TokenName::stored(written)
        && Some(&same) == kept
    {
        return Some(same);
    }
    TokenName::parse(written)
        .map_err(|reason| violations.push(Violation::InvalidName(reason)))
        .ok()
}

/// The expiry of a token that was created then. The latest one says when that was, so it is named
/// only if the actor may know.
pub(super) fn expiry(
    policy: &Policy,
    (created, shown): (Timestamp, bool),
    (written, now): (Timestamp, Timestamp),
    violations: &mut Vec<Violation>,
) {
    let latest = created.plus_months(policy.max_lifetime_months);
    if written <= now {
        violations.push(Violation::ExpiryInPast);
    }
    if written > latest {
        let latest = shown.then_some(latest);
        violations.push(Violation::ExpiryTooFar { latest });
    }
}

pub(super) fn addresses(
    written: &[String],
    violations: &mut Vec<Violation>,
) -> Option<AllowedAddresses> {
    match AllowedAddresses::parse(written) {
        Ok(addresses) => return Some(addresses),
        Err(InvalidAddresses::TooMany(count)) => {
            violations.push(Violation::TooManyAddresses { count });
        }
        Err(InvalidAddresses::Entries(faults)) => violations.extend(faults.into_iter().map(
            |(index, reason)| Violation::InvalidAddress {
                index,
                value: written[index].clone(),
                reason,
            },
        )),
    }
    None
}

/// The permissions among the requested names that can be granted, each with its first index in the
/// request. Those in `kept` count even if they have left the catalog.
pub(super) fn permissions(
    policy: &Policy,
    kept: Option<&PermissionSet>,
    written: &[String],
    violations: &mut Vec<Violation>,
) -> Vec<(Permission, Field)> {
    if written.is_empty() {
        violations.push(Violation::EmptyPermissions);
    }
    let mut suggestions = policy.catalog.suggestions();
    let mut granted: Vec<(Permission, Field)> = Vec::new();
    for (index, name) in written.iter().enumerate() {
        let stored = kept.and_then(|kept| kept.find(name));
        match stored.cloned().or_else(|| policy.catalog.get(name)) {
            Some(permission) => granted.push((permission, Field::Permissions(Some(index)))),
            // Further violations are not reported, so their similar names need not be searched.
            None if violations.len() >= RuleViolations::MOST => {}
            None => violations.push(Violation::UnknownPermission {
                index,
                value: name.clone(),
                suggestions: suggestions.next_for(name),
            }),
        }
    }
    granted.sort_by(|(a, _), (b, _)| a.cmp(b));
    granted.dedup_by(|(a, _), (b, _)| a == b);
    granted
}

/// The violations for permissions that a token has and an actor lacks. They are named only if the
/// actor may read the token; otherwise a refused request would show what is stored.
pub(super) fn kept_not_held<'a>(
    actor: &Actor,
    token: &Token,
    lacking: impl Iterator<Item = &'a Permission>,
    field: Field,
) -> Vec<Violation> {
    let named = lacking.map(|permission| Violation::PermissionNotHeld {
        permission: permission.clone(),
        field,
    });
    if actor.may_read(token) {
        named.collect()
    } else {
        named
            .take(1)
            .map(|_| Violation::StrongerToken { field })
            .collect()
    }
}
