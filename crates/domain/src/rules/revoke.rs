//! Revoking a token. An actor who may revoke can revoke any token of the tenant, so that a token
//! with few permissions can clean up.

use super::{Policy, authority, content, decide};
use crate::{
    AuditEvent, Authority, ChainHash, Change, Changes, EndTokens, EventKind, Operation as _,
    Request, Token, TokenId, TokenView, Version, Write,
};

/// The facts that a revocation needs of a live token whose record cannot be read: none that a rule
/// could refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocableToken {
    /// The token.
    pub id: TokenId,
    /// The stored version, whatever its number is.
    pub version: i64,
    /// The version of the newest event of its history; 0 if there is none.
    pub newest_event: i64,
    /// The stored end of its chain; `None` if it is not a hash.
    pub head: Option<ChainHash>,
}

/// A decided revocation of a token whose record cannot be read. A store writes all of it or
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForcedRevocation {
    expected: i64,
    event: AuditEvent,
    authority: Authority,
}

impl ForcedRevocation {
    /// The number that must be stored as the version, or the revocation is refused.
    #[must_use]
    pub const fn expected(&self) -> i64 {
        self.expected
    }

    /// The audit event that is written with it. Its version, instant, user and hash become the
    /// record's.
    #[must_use]
    pub const fn event(&self) -> &AuditEvent {
        &self.event
    }

    /// The conditions that must still hold inside the commit.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl Policy {
    /// Decides about revoking a token. No rule refuses it, whatever the token holds.
    #[must_use]
    pub fn revoke(&self, request: &Request, view: &TokenView) -> Change {
        let expected = view.token.version;
        let next = Token {
            // The actor's tenant counts, not the view's: an actor writes only in its own tenant.
            tenant: request.actor.tenant,
            version: expected.next(),
            modified: request.now,
            ..view.token.clone()
        };
        let required_permissions = EndTokens::relied_on(&request.actor, view.token.id);
        let write = (EventKind::Revoked, Write::Revoke { expected });
        decide(
            request,
            write,
            next,
            (Some(expected), &view.head),
            Changes::default(),
            required_permissions,
        )
    }

    /// Decides about revoking a token whose record cannot be read. As in [`Self::revoke`], no rule
    /// refuses it.
    ///
    /// The event follows the record if the record can be read, and never replaces another event. So
    /// the chain still shows if somebody tampered with the version or the end of the chain.
    #[must_use]
    pub fn force_revocation(&self, request: &Request, token: &RevocableToken) -> ForcedRevocation {
        let required_permissions = EndTokens::relied_on(&request.actor, token.id);
        let newest = token.version.max(token.newest_event);
        let versions = (
            Version::try_from(token.version).ok(),
            Version::try_from(newest).map_or(Version::FIRST, Version::next),
        );
        let key = (request.actor.tenant, token.id);
        let changes = Changes::default();
        let content = content(request, EventKind::Revoked, key, versions, changes);
        ForcedRevocation {
            expected: token.version,
            event: content.chained_to(&token.head.unwrap_or(ChainHash::START)),
            authority: authority(request, required_permissions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Descent, TenantId, TokenUpdate, UpdateOutcome, samples, standard::*};

    #[test]
    fn the_strongest_token_can_be_revoked_by_a_janitor() {
        let view = samples::view(2, ALL);
        let change = Policy::default().revoke(&samples::request(1, &[API_TOKENS_DELETE]), &view);
        assert_eq!(change.next().version, view.token.version.next());
        assert_eq!(change.event().content.kind, EventKind::Revoked);
        let required_permissions = samples::set(&[API_TOKENS_DELETE]);
        assert_eq!(
            change.authority().required_permissions,
            required_permissions
        );
    }

    /// The event names the actor, and not the token that ends.
    #[test]
    fn a_secret_of_the_token_is_enough_to_end_it() {
        let itself = samples::request(2, &[TASKS_READ]);
        let mut holder = samples::request(1, &[TASKS_READ]);
        holder.actor.possession = Some(samples::token_id(2));
        let mut other = holder.clone();
        other.actor.possession = Some(samples::token_id(3));
        let view = samples::view(2, &[TASKS_READ]);
        let token = RevocableToken {
            id: view.token.id,
            version: 3,
            newest_event: 3,
            head: None,
        };
        for (request, needed) in [
            (itself, &[][..]),
            (holder, &[]),
            (other, &[API_TOKENS_DELETE]),
        ] {
            let change = Policy::default().revoke(&request, &view);
            let forced = Policy::default().force_revocation(&request, &token);
            for (authority, event) in [
                (change.authority(), change.event()),
                (forced.authority(), forced.event()),
            ] {
                assert_eq!(authority.required_permissions, samples::set(needed));
                assert_eq!(authority.token, request.actor.token);
                assert_eq!(event.content.by, request.actor.user);
            }
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_is_revoked_behind_its_newest_event() {
        let request = samples::request(1, &[API_TOKENS_DELETE]);
        let head = ChainHash::from_bytes([7; 32]);
        // The stored version, the newest event's, and the event's versions before and after.
        for (version, newest_event, before, after) in [
            (3, 3, Some(3), 4),
            (0, 3, None, 4),
            (-5, 0, None, 1),
            (2, 5, Some(2), 6),
            (9, 3, Some(9), 10),
        ] {
            for head in [Some(head), None] {
                let token = RevocableToken {
                    id: samples::token_id(2),
                    version,
                    newest_event,
                    head,
                };
                let forced = Policy::default().force_revocation(&request, &token);
                let content = &forced.event().content;
                assert_eq!(content.version_before.map(Version::get), before);
                assert_eq!(content.version_after.get(), after);
                assert_eq!(content.kind, EventKind::Revoked);
                assert_eq!(content.tenant, request.actor.tenant);
                let behind = head.unwrap_or(ChainHash::START);
                assert_eq!(*forced.event(), content.clone().chained_to(&behind));
                assert_eq!(forced.expected(), version);
                let required_permissions = samples::set(&[API_TOKENS_DELETE]);
                assert_eq!(
                    forced.authority().required_permissions,
                    required_permissions
                );
            }
        }
    }

    #[test]
    fn whatever_is_handed_in_nothing_is_written_in_another_tenant() {
        let mut foreign = samples::view(2, &[TASKS_READ]);
        foreign.token.tenant = TenantId::new(samples::now(), &[5; 10]);
        let request = samples::request(1, &[API_TOKENS_DELETE, API_TOKENS_WRITE]);
        let edit = TokenUpdate {
            name: "taken over".into(),
            expiry: None,
            allowed_addresses: None,
            permissions: None,
            allow_lockout: false,
            annotations: crate::WrittenAnnotations::default(),
        };
        let revoked = Policy::default().revoke(&request, &foreign);
        let decided = Policy::default().update(&request, &foreign, &edit, Descent::Apart);
        let Ok(UpdateOutcome::Changed(updated)) = decided else {
            panic!("a rename needs nothing")
        };
        for change in [&revoked, &*updated] {
            assert_eq!(change.next().tenant, request.actor.tenant);
            assert_eq!(change.event().content.tenant, request.actor.tenant);
        }
    }
}
