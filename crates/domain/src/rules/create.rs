//! Creating a token: nobody can give permissions that they do not hold.

use super::{Policy, WrittenAnnotations, annotations::Annotations, decide, fields};
use crate::{
    ChainHash, Change, Changes, EventKind, FieldChange, IdempotentRequest, Operation as _,
    PermissionSet, Request, RuleViolations, StoredSecret, Timestamp, Token, TokenId, UserId,
    Version, Violation, Write, WriteTokens,
};

/// A new token as the request writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The name.
    pub name: String,
    /// The expiry.
    pub expiry: Timestamp,
    /// The addresses from which it may be used; empty = any.
    pub allowed_addresses: Vec<String>,
    /// The permissions.
    pub permissions: Vec<String>,
    /// The owner, the description and the metadata.
    pub annotations: WrittenAnnotations,
}

/// Generated parts of a new token: ids, secret, idempotency key.
#[derive(Debug)]
pub struct NewTokenMaterial<'a> {
    /// The token's id.
    pub token: TokenId,
    /// The id of the token's user.
    pub user: UserId,
    /// The first secret.
    pub secret: &'a StoredSecret,
    /// The client's idempotency key, if it sent one: under it the token is created at most once.
    pub once: Option<IdempotentRequest>,
}

impl Policy {
    /// Decides about a new token.
    ///
    /// # Errors
    /// Returns all rules that the draft breaks.
    pub fn create(
        &self,
        request: &Request,
        draft: &NewToken,
        fresh: NewTokenMaterial<'_>,
    ) -> Result<Change, RuleViolations> {
        let mut violations = Vec::new();
        let name = fields::name(None, &draft.name, &mut violations);
        let (created, now) = (request.now, request.now);
        let written = (draft.expiry, now);
        fields::expiry(self, (created, true), written, &mut violations);
        let addresses = fields::addresses(&draft.allowed_addresses, &mut violations);
        let granted = fields::permissions(self, None, &draft.permissions, &mut violations);
        violations.extend(
            granted
                .iter()
                .filter(|(permission, _)| !request.actor.permissions.contains(permission))
                .map(|(permission, field)| Violation::PermissionNotHeld {
                    permission: permission.clone(),
                    field: *field,
                }),
        );
        let annotations = draft
            .annotations
            .judged(Annotations::default(), &mut violations);
        let parsed = name.zip(addresses).zip(annotations);
        let ((name, addresses), annotations) = RuleViolations::unless_none(violations, parsed)?;
        let permissions: PermissionSet = granted
            .into_iter()
            .map(|(permission, _)| permission)
            .collect();
        let next = Token {
            id: fresh.token,
            tenant: request.actor.tenant,
            version: Version::FIRST,
            name,
            user: fresh.user,
            partial: fresh.secret.partial.clone(),
            expiry: draft.expiry,
            addresses,
            permissions,
            owner: annotations.owner,
            description: annotations.description,
            metadata: annotations.metadata,
            created: request.now,
            modified: request.now,
        };
        let changes = all_of(&next);
        let operation = WriteTokens::relied_on(&request.actor, next.id);
        let required_permissions = next.permissions.union(&operation);
        let write = (
            EventKind::Created,
            Write::Create {
                digest: fresh.secret.digest,
                once: fresh.once,
            },
        );
        Ok(decide(
            request,
            write,
            next,
            (None, &ChainHash::START),
            changes,
            required_permissions,
        ))
    }
}

fn all_of(token: &Token) -> Changes {
    fn made<T>(after: T) -> FieldChange<T> {
        FieldChange {
            before: None,
            after: Some(after),
        }
    }
    Changes {
        name: Some(made(token.name.clone())),
        expiry: Some(made(token.expiry)),
        allowed_addresses: Some(made(token.addresses.clone())),
        permissions: Some(made(token.permissions.clone())),
        owner: token.owner.clone().map(made),
        description: token.description.clone().map(made),
        metadata: token.metadata.filled().cloned().map(made),
        ..Changes::default()
    }
}
