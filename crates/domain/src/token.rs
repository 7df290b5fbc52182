//! The record of a token, and the record as a reader sees it, with the current names of its users.

use std::{net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    AllowedAddresses, ChainHash, Change, Description, Metadata, Owner, PartialToken, PermissionSet,
    SecretDigest, TenantId, Timestamp, TokenId, TokenName, UserId, Version, Write,
};

/// The stored facts of a token. The rules decide whether they may change, and a store only ever
/// writes a [`Change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The record's id.
    pub id: TokenId,
    /// The tenant that the token belongs to and acts in.
    pub tenant: TenantId,
    /// The version, which grows by one with every stored change.
    pub version: Version,
    /// The token's name and that of its API Token User.
    pub name: TokenName,
    /// The API Token User that stands for the token.
    pub user: UserId,
    /// The part of the newest secret that may be shown.
    pub partial: PartialToken,
    /// The expiry: the token is valid while now < expiry.
    pub expiry: Timestamp,
    /// The addresses from which the token may be used.
    pub addresses: AllowedAddresses,
    /// The permissions that the token holds.
    pub permissions: PermissionSet,
    /// The owner, in the deployment's own words.
    pub owner: Option<Owner>,
    /// The description, for people.
    pub description: Option<Description>,
    /// The deployment's own pairs of text.
    pub metadata: Metadata,
    /// The instant of creation, from which the longest lifetime counts.
    pub created: Timestamp,
    /// The instant of the last change.
    pub modified: Timestamp,
}

impl Token {
    /// Whether the token has expired at an instant. The expiry itself is too late (RFC 7519,
    /// section 4.1.4).
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expiry
    }
}

/// A user's id with its current name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInfo {
    /// The user.
    #[serde(rename = "userId")]
    pub id: UserId,
    /// The user's current name: a new name shows everywhere.
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

/// A token as it is read: the record, its creator, the user who changed it last, and the end of its
/// audit chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// The record.
    pub token: Token,
    /// The user who created the token.
    pub created_by: UserInfo,
    /// The user who changed the token last.
    pub modified_by: UserInfo,
    /// The last use, as far as it is known yet.
    pub last_used: Option<LastUse>,
    /// The instant of its revocation, by `modified_by`; `None` while the token is live.
    pub revoked: Option<Timestamp>,
    /// The hash of its newest audit event.
    pub head: ChainHash,
}

/// The last use of a token or one of its secrets. It is stored some seconds late, so that no check
/// has to wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// The instant of the use.
    pub at: Timestamp,
    /// The client's address; `None` = unknown.
    pub address: Option<IpAddr>,
}

/// One secret of a token, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretView {
    /// The digest, by which a store finds the secret; `None` if the stored value cannot be read,
    /// which hides nothing else.
    pub digest: Option<SecretDigest>,
    /// The part of the secret that may be shown.
    pub partial: PartialToken,
    /// The instant at which the secret was made.
    pub created: Timestamp,
    /// The instant at which the secret stops working; `None` for the newest, which ends with its
    /// token.
    pub valid_until: Option<Timestamp>,
    /// The last use, as far as it is known yet.
    pub last_used: Option<LastUse>,
}

impl TokenView {
    /// The view that a reader has of a new token once the creating change is stored.
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

    /// The view that a reader has once the change is stored; it needs no second read.
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
        // If a token changes or created itself, its new name is shown.
        for user in [&mut next.created_by, &mut next.modified_by] {
            if user.id == next.token.user {
                user.name = next.token.name.as_str().into();
            }
        }
        next
    }
}
