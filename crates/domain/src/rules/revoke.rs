//! Taking a token back: whoever may revoke may revoke any token of the tenant, so that a weak janitor can clean up.

use super::{Policy, decide};
use crate::{Change, Changes, EventKind, Request, Token, TokenView, Write, standard};

impl Policy {
    /// Decides about revoking a token. Nothing speaks against it, whatever the token holds.
    #[must_use]
    pub fn revoke(&self, request: &Request, view: &TokenView) -> Change {
        let expected = view.token.version;
        let next = Token {
            // Whatever view was handed in: an actor writes in its own tenant only.
            tenant: request.actor.tenant,
            version: expected.next(),
            modified: request.now,
            ..view.token.clone()
        };
        let relied_on = [standard::API_TOKENS_DELETE].into_iter().collect();
        let write = (EventKind::Revoked, Write::Revoke { expected });
        decide(
            request,
            write,
            next,
            (Some(expected), &view.head),
            Changes::default(),
            relied_on,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edit, Outcome, TenantId, samples, standard::*};

    #[test]
    fn the_strongest_token_can_be_revoked_by_a_janitor() {
        let view = samples::view(2, ALL);
        let change = Policy::default().revoke(&samples::request(1, &[API_TOKENS_DELETE]), &view);
        assert_eq!(change.next().version, view.token.version.next());
        assert_eq!(change.event().content.kind, EventKind::Revoked);
        let relied_on = samples::set(&[API_TOKENS_DELETE]);
        assert_eq!(change.authority().relied_on, relied_on);
    }

    #[test]
    fn whatever_is_handed_in_nothing_is_written_in_another_tenant() {
        let mut foreign = samples::view(2, &[TASKS_READ]);
        foreign.token.tenant = TenantId::new(samples::now(), &[5; 10]);
        let request = samples::request(1, &[API_TOKENS_DELETE, API_TOKENS_WRITE]);
        let edit = Edit {
            name: "taken over".into(),
            expiry: None,
            allowed_addresses: None,
            permissions: None,
            allow_lockout: false,
        };
        let revoked = Policy::default().revoke(&request, &foreign);
        let Ok(Outcome::Changed(updated)) = Policy::default().update(&request, &foreign, &edit)
        else {
            panic!("a rename needs nothing")
        };
        for change in [&revoked, &*updated] {
            assert_eq!(change.next().tenant, request.actor.tenant);
            assert_eq!(change.event().content.tenant, request.actor.tenant);
        }
    }
}
