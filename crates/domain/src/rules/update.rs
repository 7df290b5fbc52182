//! Updating a token: the rules that apply to every caller.

use super::{Descent, Policy, WrittenAnnotations, decide, fields};
use crate::{
    AllowedAddresses, Change, Changes, EventKind, Field, FieldChange, Operation as _, Permission,
    PermissionSet, Request, RuleViolations, Timestamp, Token, TokenView, Violation, Write,
    WriteTokens,
};

/// An update of a token as the request writes it; fields that are left out keep their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUpdate {
    /// The name.
    pub name: String,
    /// The expiry.
    pub expiry: Option<Timestamp>,
    /// The addresses from which it may be used; empty = any.
    pub allowed_addresses: Option<Vec<String>>,
    /// The permissions.
    pub permissions: Option<Vec<String>>,
    /// The owner, the description and the metadata.
    pub annotations: WrittenAnnotations,
    /// Whether the actor may exclude its own address.
    pub allow_lockout: bool,
}

/// The outcome of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// All fields already have the requested values: nothing is stored, and the version stays.
    Unchanged,
    /// This change is to be stored.
    Changed(Box<Change>),
}

impl Policy {
    /// Decides about an update of a token. The previous values come only from the store; the
    /// request's account of them is ignored.
    ///
    /// # Errors
    /// Returns all rules that the edit breaks.
    pub fn update(
        &self,
        request: &Request,
        view: &TokenView,
        edit: &TokenUpdate,
        descent: Descent,
    ) -> Result<UpdateOutcome, RuleViolations> {
        let old = &view.token;
        let mut violations = Vec::new();
        let name = fields::name(Some(&old.name), &edit.name, &mut violations);
        let expiry = edit.expiry.unwrap_or(old.expiry);
        if expiry != old.expiry {
            let created = (old.created, request.actor.may_read(old));
            fields::expiry(self, created, (expiry, request.now), &mut violations);
        }
        let addresses = edit.allowed_addresses.as_ref().map_or_else(
            || Some(old.addresses.clone()),
            |written| fields::addresses(written, &mut violations),
        );
        let granted = edit.permissions.as_ref().map_or_else(
            || {
                old.permissions
                    .iter()
                    .map(|kept| (kept.clone(), Field::Permissions(None)))
                    .collect()
            },
            |written| fields::permissions(self, Some(&old.permissions), written, &mut violations),
        );
        let proposal = Proposal {
            old,
            expiry,
            addresses: addresses.as_ref(),
            granted: &granted,
        };
        let widened = proposal.widened();
        proposal.judge(request, &widened, edit.allow_lockout, &mut violations);
        violations.extend(descent.violations(&request.actor, old.id, &widened));

        let annotations = edit.annotations.judged(old.into(), &mut violations);
        let parsed = name.zip(addresses).zip(annotations);
        let ((name, addresses), annotations) = RuleViolations::unless_none(violations, parsed)?;
        let permissions: PermissionSet = granted
            .into_iter()
            .map(|(permission, _)| permission)
            .collect();
        // A widening relies on all permissions that the token then holds; a narrowing or a new name
        // only on that of the operation.
        let operation = WriteTokens::relied_on(&request.actor, old.id);
        let required_permissions = if widened.is_empty() {
            operation
        } else {
            operation.union(&permissions)
        };
        let next = Token {
            name,
            expiry,
            addresses,
            permissions,
            owner: annotations.owner,
            description: annotations.description,
            metadata: annotations.metadata,
            ..old.clone()
        };
        let mut outcome = changed(request, view, next, required_permissions);
        if let UpdateOutcome::Changed(change) = &mut outcome {
            change.authority.target_made_nothing =
                descent.is_left_to_commit(&request.actor, old.id, &widened);
        }
        Ok(outcome)
    }
}

/// The stored record and the requested values; a field that could not be parsed is not judged.
struct Proposal<'a> {
    old: &'a Token,
    expiry: Timestamp,
    addresses: Option<&'a AllowedAddresses>,
    granted: &'a [(Permission, Field)],
}

impl Proposal<'_> {
    fn added(&self) -> impl Iterator<Item = &(Permission, Field)> {
        self.granted
            .iter()
            .filter(|(permission, _)| !self.old.permissions.contains(permission))
    }

    /// The fields that would give the token more time, addresses or permissions than it has.
    fn widened(&self) -> Vec<Field> {
        let later = (self.expiry > self.old.expiry).then_some(Field::Expiry);
        let wider = self
            .addresses
            .is_some_and(|new| !self.old.addresses.covers(new));
        let added = self.added().next().map(|(_, field)| *field);
        later
            .into_iter()
            .chain(wider.then_some(Field::AllowedAddresses(None)))
            .chain(added)
            .collect()
    }

    fn judge(
        &self,
        request: &Request,
        widened: &[Field],
        allow_lockout: bool,
        violations: &mut Vec<Violation>,
    ) {
        let actor = &request.actor;
        let own = actor.token == Some(self.old.id);
        if let Some(first) = widened.first() {
            // A widening is checked against all permissions that the token then holds. Without a
            // widening an edit adds no permission, so nothing is checked.
            let lacking = self
                .granted
                .iter()
                .filter(|(held, _)| !actor.permissions.contains(held));
            let (kept, written): (Vec<_>, Vec<_>) =
                lacking.partition(|(_, field)| *field == Field::Permissions(None));
            violations.extend(written.into_iter().map(|(permission, field)| {
                Violation::PermissionNotHeld {
                    permission: permission.clone(),
                    field: *field,
                }
            }));
            let kept = kept.into_iter().map(|(permission, _)| permission);
            violations.extend(fields::kept_not_held(actor, self.old, kept, *first));
        }
        if own {
            let of_itself = widened
                .iter()
                .filter(|field| !matches!(field, Field::Permissions(_)));
            violations.extend(of_itself.map(|field| Violation::SelfWidening { field: *field }));
        }
        if self.old.is_expired(request.now) {
            violations.extend(
                widened
                    .iter()
                    .map(|field| Violation::NotRevivable { field: *field }),
            );
        }
        let locks_out =
            |new: &AllowedAddresses| *new != self.old.addresses && !new.admits(actor.address);
        if own && !allow_lockout && self.addresses.is_some_and(locks_out) {
            violations.push(Violation::WouldLockOut {
                address: actor.address,
            });
        }
    }
}

fn changed(
    request: &Request,
    view: &TokenView,
    next: Token,
    required_permissions: PermissionSet,
) -> UpdateOutcome {
    fn field<T: PartialEq + Clone>(before: &T, after: &T) -> Option<FieldChange<T>> {
        optional(Some(before), Some(after))
    }
    fn optional<T: PartialEq + Clone>(
        before: Option<&T>,
        after: Option<&T>,
    ) -> Option<FieldChange<T>> {
        (before != after).then(|| FieldChange {
            before: before.cloned(),
            after: after.cloned(),
        })
    }
    let old = &view.token;
    let changes = Changes {
        name: field(&old.name, &next.name),
        expiry: field(&old.expiry, &next.expiry),
        allowed_addresses: field(&old.addresses, &next.addresses),
        permissions: field(&old.permissions, &next.permissions),
        owner: optional(old.owner.as_ref(), next.owner.as_ref()),
        description: optional(old.description.as_ref(), next.description.as_ref()),
        metadata: optional(old.metadata.filled(), next.metadata.filled()),
        ..Changes::default()
    };
    if changes == Changes::default() {
        return UpdateOutcome::Unchanged;
    }
    let expected = old.version;
    let next = Token {
        // The actor's tenant counts, not the view's: an actor writes only in its own tenant.
        tenant: request.actor.tenant,
        version: expected.next(),
        modified: request.now,
        ..next
    };
    let write = Write::Update {
        expected,
        rename: changes.name.is_some().then(|| next.name.clone()),
    };
    let place = (Some(expected), &view.head);
    UpdateOutcome::Changed(Box::new(decide(
        request,
        (EventKind::Updated, write),
        next,
        place,
        changes,
        required_permissions,
    )))
}
