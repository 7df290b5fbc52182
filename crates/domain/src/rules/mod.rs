//! The rules: a record and a request go in, a [`Change`] or all violations come out.
//!
//! They use no store and no clock, so every program that embeds them decides as the service does.

mod annotations;
mod create;
mod descent;
mod fields;
mod retire;
mod revoke;
mod rotate;
mod update;

#[cfg(test)]
mod blind_tests;
#[cfg(test)]
mod catalog_tests;
#[cfg(test)]
mod create_tests;
#[cfg(test)]
mod descent_tests;
#[cfg(test)]
mod growth_tests;
#[cfg(test)]
mod retire_tests;
#[cfg(test)]
mod rotate_tests;
#[cfg(test)]
mod update_tests;

pub use annotations::WrittenAnnotations;
pub use create::{NewToken, NewTokenMaterial};
pub use descent::Descent;
pub use retire::SecretChoice;
pub use revoke::{ForcedRevocation, RevocableToken};
pub use rotate::{InvalidOverlap, Overlap};
pub use update::{TokenUpdate, UpdateOutcome};

use crate::{
    Authority, ChainHash, Change, Changes, Encoding, EventContent, EventKind, PermissionCatalog,
    PermissionSet, Request, SecretDigest, TenantId, Token, TokenId, TokenPrefix, Version, Write,
};

/// The policy of a deployment for its tokens.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The permissions that may be granted.
    pub catalog: PermissionCatalog,
    /// The longest lifetime in calendar months, counted from a token's creation.
    pub max_lifetime_months: u32,
    /// The prefix of new secrets.
    pub token_prefix: TokenPrefix,
}

impl Default for Policy {
    /// The standard catalog, two calendar years, and the prefix `csg`.
    fn default() -> Self {
        Self {
            catalog: PermissionCatalog::standard(),
            max_lifetime_months: 24,
            token_prefix: TokenPrefix::default(),
        }
    }
}

/// Builds a decided change. This is the only place where a [`Change`] is made.
fn decide(
    request: &Request,
    (kind, write): (EventKind, Write),
    next: Token,
    (before, head): (Option<Version>, &ChainHash),
    changes: Changes,
    required_permissions: PermissionSet,
) -> Change {
    let key = (next.tenant, next.id);
    let versions = (before, next.version);
    let content = EventContent {
        secret_commitment: write.committed().map(SecretDigest::commitment),
        ..content(request, kind, key, versions, changes)
    };
    let event = content.chained_to(head);
    Change {
        write,
        next,
        event,
        by: request.actor.user_info(),
        authority: authority(request, required_permissions),
    }
}

/// The event content for a change of a token from one version to the next.
fn content(
    request: &Request,
    kind: EventKind,
    (tenant, token): (TenantId, TokenId),
    (before, after): (Option<Version>, Version),
    changes: Changes,
) -> EventContent {
    let Request { actor, now, id } = request;
    EventContent {
        encoding: Encoding::NEWEST,
        tenant,
        token,
        kind,
        at: *now,
        by: actor.user,
        address: actor.address,
        request_id: id.clone(),
        version_before: before,
        version_after: after,
        changes,
        secret_commitment: None,
    }
}

/// The conditions on the actor that must still hold inside the commit.
fn authority(
    Request { actor, now, .. }: &Request,
    required_permissions: PermissionSet,
) -> Authority {
    Authority {
        tenant: actor.tenant,
        token: actor.token,
        secret: actor.secret,
        user: actor.user,
        now: *now,
        required_permissions,
        address_entry: actor.address_entry.clone(),
        target_made_nothing: false,
    }
}
