//! Taking a token back: needs no more than the operation's permission, so that a weak janitor can clean up.

use super::{Policy, decide};
use crate::{Change, Changes, EventKind, Request, Token, TokenView, Write, standard};

impl Policy {
    /// Decides about revoking a token. Nothing speaks against it, whatever the token holds.
    #[must_use]
    pub fn revoke(&self, request: &Request, view: &TokenView) -> Change {
        let expected = view.token.version;
        let next = Token {
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
