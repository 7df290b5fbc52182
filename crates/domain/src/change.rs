//! Changes, which a store writes. Only the rules build a change, and each holds everything that its
//! write needs: a store obeys.

use crate::{
    AllowedAddresses, AuditEvent, IdempotentRequest, PermissionSet, SecretDigest, TenantId,
    Timestamp, Token, TokenId, TokenName, UserId, UserInfo, Version,
};

/// A decided change of one token. A store writes all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub(crate) write: Write,
    pub(crate) next: Token,
    pub(crate) event: AuditEvent,
    pub(crate) by: UserInfo,
    pub(crate) authority: Authority,
}

/// The rows that a change touches, besides the audit event of every change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new token, its API Token User, and its first secret.
    Create {
        /// The digest of the secret.
        digest: SecretDigest,
        /// The client's idempotency key, if it sent one: under it the token is created at most
        /// once.
        once: Option<IdempotentRequest>,
    },
    /// The record, and its user's name if that changed.
    Update {
        /// The version that must be stored, or the change is refused.
        expected: Version,
        /// The user's new name.
        rename: Option<TokenName>,
    },
    /// The record, and a new secret beside those that it replaces.
    Rotate {
        /// The version that must be stored, or the change is refused.
        expected: Version,
        /// The digest of the new secret.
        digest: SecretDigest,
        /// The instant at which the previously newest secret stops working. Secrets that were
        /// replaced earlier stop at the change's own instant, unless they had stopped already.
        valid_until: Timestamp,
    },
    /// The record, and the end of one replaced secret that still works.
    Retire {
        /// The version that must be stored, or the change is refused.
        expected: Version,
        /// The digest of the secret.
        digest: SecretDigest,
        /// The instant at which the secret stops working; it is not in the future.
        valid_until: Timestamp,
    },
    /// The end of the token; its user is closed, and its name is free again.
    Revoke {
        /// The version that must be stored, or the change is refused.
        expected: Version,
    },
}

/// The authority of a change: who must still be live inside the commit, and what it must still hold
/// there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The actor's tenant.
    pub tenant: TenantId,
    /// The actor's own token; `None` for the system itself, of which only the user is checked.
    pub token: Option<TokenId>,
    /// The secret that the actor presented. It must still work at `now`, and no rotation may have
    /// ended it since.
    pub secret: Option<SecretDigest>,
    /// The actor's user, which must not be closed.
    pub user: UserId,
    /// The instant that decides whether the token has expired; the store's own clock does not
    /// count.
    pub now: Timestamp,
    /// The permissions that the decision relied on; the actor's token must still hold all of them.
    pub required_permissions: PermissionSet,
    /// The entry of the list of addresses that admitted the request: the actor's list must still have
    /// it, or be empty. `None` if the list was empty, and then it must still be empty.
    pub address_entry: Option<String>,
    /// Whether the commit must check that the changed token has made no token and no secret,
    /// because that token must not be an ancestor of the actor's token.
    pub target_made_nothing: bool,
}

impl Write {
    /// The digest of the secret that this write makes.
    #[must_use]
    pub const fn digest(&self) -> Option<&SecretDigest> {
        match self {
            Self::Create { digest, .. } | Self::Rotate { digest, .. } => Some(digest),
            Self::Update { .. } | Self::Retire { .. } | Self::Revoke { .. } => None,
        }
    }

    /// The digest of the secret that the event commits to: the one that this write makes, or ends
    /// alone.
    pub(crate) const fn committed(&self) -> Option<&SecretDigest> {
        match self {
            Self::Retire { digest, .. } => Some(digest),
            _ => self.digest(),
        }
    }
}

impl Change {
    /// The rows that the change touches.
    #[must_use]
    pub const fn write(&self) -> &Write {
        &self.write
    }

    /// The record after the change.
    #[must_use]
    pub const fn next(&self) -> &Token {
        &self.next
    }

    /// The audit event that is written with the change.
    #[must_use]
    pub const fn event(&self) -> &AuditEvent {
        &self.event
    }

    /// The user who makes the change, under its name before the change.
    #[must_use]
    pub const fn by(&self) -> &UserInfo {
        &self.by
    }

    /// The conditions that must still hold inside the commit.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The same change under the list of addresses that the actor's token has now; `None` if that
    /// list does not admit the request.
    #[must_use]
    pub fn readmitted(&self, addresses: &AllowedAddresses) -> Option<Self> {
        let address = self.event.content.address;
        addresses.admits(address).then(|| {
            let mut change = self.clone();
            change.authority.address_entry = addresses.entry_for(address);
            change
        })
    }
}
