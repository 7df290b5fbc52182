//! The record of a token, and the record as a reader sees it, with the names that its users have now.

use std::{net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    AllowedAddresses, ChainHash, Change, PartialToken, PermissionSet, SecretDigest, TenantId,
    Timestamp, TokenId, TokenName, UserId, Version, Write,
};

/// What is stored of a token. Plain facts: whether they may change is decided by the rules, and only a [`Change`]
/// is ever written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The record's id.
    pub id: TokenId,
    /// The tenant that the token belongs to and acts in.
    pub tenant: TenantId,
    /// Grows by one with every stored change.
    pub version: Version,
    /// The token's name and that of its API Token User.
    pub name: TokenName,
    /// The API Token User that stands for the token.
    pub user: UserId,
    /// What may be shown of the newest secret.
    pub partial: PartialToken,
    /// The token is valid while now < expiry.
    pub expiry: Timestamp,
    /// Where it may be used from.
    pub addresses: AllowedAddresses,
    /// What it may do.
    pub permissions: PermissionSet,
    /// When it was made; its longest lifetime counts from here.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

impl Token {
    /// Whether the token is no longer valid at an instant (RFC 7519, section 4.1.4: the expiry itself is too late).
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expiry
    }
}

/// A user's id with the name it has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInfo {
    /// The user.
    #[serde(rename = "userId")]
    pub id: UserId,
    /// Its name now: a rename shows everywhere.
    #[serde(rename = "userName", with = "shared_text")]
    pub name: Arc<str>,
}

mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        text: &Arc<str>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Arc::from)
    }
}

/// A token as it is read: the record, who made it and who changed it last, and the end of its audit chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// The record.
    pub token: Token,
    /// Who made it.
    pub created_by: UserInfo,
    /// Who changed it last.
    pub modified_by: UserInfo,
    /// When and where it was last used, as far as that is known yet.
    pub last_used: Option<LastUse>,
    /// When it was revoked, by the user who changed it last; `None` while it is live.
    pub revoked: Option<Timestamp>,
    /// The hash of its newest audit event.
    pub head: ChainHash,
}

/// When a token or one of its secrets was last admitted. Told some seconds late, so that no check has to wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// From where; `None` = the address could not be told.
    pub address: Option<IpAddr>,
}

/// One secret of a token, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretView {
    /// The digest, by which a store finds it; `None` if what is stored cannot be read, which hides
    /// nothing else.
    pub digest: Option<SecretDigest>,
    /// What may be shown of it.
    pub partial: PartialToken,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops working; `None` for the newest, which ends with its token.
    pub valid_until: Option<Timestamp>,
    /// When and where it was last used, as far as that is known yet.
    pub last_used: Option<LastUse>,
}

impl TokenView {
    /// What a reader would see of a new token once the change that makes it is stored.
    #[must_use]
    pub fn of_new(change: &Change) -> Self {
        Self {
            token: change.next().clone(),
            created_by: change.by().clone(),
            modified_by: change.by().clone(),
            last_used: None,
            revoked: None,
            head: change.event().hash,
        }
    }

    /// What a reader would see once the change is stored; needs no second read.
    #[must_use]
    pub fn after(&self, change: &Change) -> Self {
        let mut next = Self {
            token: change.next().clone(),
            created_by: self.created_by.clone(),
            modified_by: change.by().clone(),
            last_used: self.last_used,
            revoked: matches!(change.write(), Write::Revoke { .. })
                .then_some(change.next().modified),
            head: change.event().hash,
        };
        // A token that changes or made itself is shown under the name that it has from now on.
        for user in [&mut next.created_by, &mut next.modified_by] {
            if user.id == next.token.user {
                user.name = next.token.name.as_str().into();
            }
        }
        next
    }
}
