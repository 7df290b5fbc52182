//! What a store writes. Only the rules build a change, and each holds all that its write needs: a store obeys.

use crate::{
    AuditEvent, IdempotentRequest, PermissionSet, SecretDigest, TenantId, Timestamp, Token,
    TokenId, TokenName, UserId, UserInfo, Version,
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

/// Which rows a change touches, besides the audit event that each writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new token, its API Token User, and its first secret.
    Create {
        /// The digest of the secret.
        digest: SecretDigest,
        /// The key under which the client makes it at most once, where it chose one.
        once: Option<IdempotentRequest>,
    },
    /// The record, and its user's name where that changed.
    Update {
        /// The version that must be stored for the change to be made.
        expected: Version,
        /// The user's new name.
        rename: Option<TokenName>,
    },
    /// The record, and a new secret beside those that it replaces.
    Rotate {
        /// The version that must be stored for the change to be made.
        expected: Version,
        /// The digest of the new secret.
        digest: SecretDigest,
        /// When the secret that was the newest stops working. Those that were replaced before stop at the change's own
        /// instant, unless they had stopped already.
        valid_until: Timestamp,
    },
    /// The record, and the end of one secret that was replaced and still works.
    Retire {
        /// The version that must be stored for the change to be made.
        expected: Version,
        /// The digest of the secret.
        digest: SecretDigest,
        /// When it stops working: an instant that has come.
        valid_until: Timestamp,
    },
    /// The end of the token; its user is closed, and its name is free again.
    Revoke {
        /// The version that must be stored for the change to be made.
        expected: Version,
    },
}

/// Who must still be live inside the commit, and what it must still hold there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The actor's tenant.
    pub tenant: TenantId,
    /// The actor's own token; `None` for the system itself, of whom only the user is looked at.
    pub token: Option<TokenId>,
    /// The secret that the actor presented; it must still work then, and no rotation may have ended it since.
    pub secret: Option<SecretDigest>,
    /// The actor's user, which must not be closed.
    pub user: UserId,
    /// The instant that decides whether the token has expired: never the store's own clock.
    pub now: Timestamp,
    /// The permissions that the decision leant on; the actor's token must still hold all of them.
    pub required_permissions: PermissionSet,
    /// Whether the changed token must have made no token and no secret by then, because it must not
    /// be an ancestor of the actor's token.
    pub target_made_nothing: bool,
}

impl Write {
    /// The digest of the secret that it makes.
    #[must_use]
    pub const fn digest(&self) -> Option<&SecretDigest> {
        match self {
            Self::Create { digest, .. } | Self::Rotate { digest, .. } => Some(digest),
            Self::Update { .. } | Self::Retire { .. } | Self::Revoke { .. } => None,
        }
    }

    /// The digest of the secret that its event commits to: the one that it makes, or ends alone.
    pub(crate) const fn committed(&self) -> Option<&SecretDigest> {
        match self {
            Self::Retire { digest, .. } => Some(digest),
            _ => self.digest(),
        }
    }
}

impl Change {
    /// Which rows it touches.
    #[must_use]
    pub const fn write(&self) -> &Write {
        &self.write
    }

    /// The record as it will be.
    #[must_use]
    pub const fn next(&self) -> &Token {
        &self.next
    }

    /// The audit event that is written with it.
    #[must_use]
    pub const fn event(&self) -> &AuditEvent {
        &self.event
    }

    /// Who makes it, under the name from before the change.
    #[must_use]
    pub const fn by(&self) -> &UserInfo {
        &self.by
    }

    /// What must still hold inside the commit.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }
}
