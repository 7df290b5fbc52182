//! Audit events of a token, in a hash chain: each event's hash covers the one before, so a changed
//! or removed event is noticed. Each token has a chain of its own, so a write to one never waits
//! for another.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    AllowedAddresses, Description, Metadata, Owner, PartialToken, PermissionSet, SecretCommitment,
    TenantId, Timestamp, TokenId, TokenName, UserId, Version, hex,
};

/// The kind of change that an event records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// The token was created.
    Created,
    /// Its record changed.
    Updated,
    /// The token got a new secret.
    Rotated,
    /// The token was revoked for good.
    Revoked,
}

impl EventKind {
    /// The name that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Rotated => "rotated",
            Self::Revoked => "revoked",
        }
    }
}

/// The text does not have the form that the type's documentation specifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a valid {0}")]
pub struct MalformedText(pub(crate) &'static str);

impl FromStr for EventKind {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        [Self::Created, Self::Updated, Self::Rotated, Self::Revoked]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(MalformedText("event kind"))
    }
}

/// A request id, for an event and the log lines of its request: 1 to 128 of A-Z a-z 0-9 - _ . :
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        let sane = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        if (1..=128).contains(&text.len()) && text.bytes().all(sane) {
            Ok(Self(text.into()))
        } else {
            Err(MalformedText("request id"))
        }
    }
}

/// A field's value before and after; `None` if the record did not exist, or had none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange<T> {
    /// The value before the change.
    pub before: Option<T>,
    /// The value after the change.
    pub after: Option<T>,
}

/// The fields that a change touched. A revocation touches none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Changes {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<FieldChange<TokenName>>,
    /// The expiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<FieldChange<Timestamp>>,
    /// The allowed addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_addresses: Option<FieldChange<AllowedAddresses>>,
    /// The permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<FieldChange<PermissionSet>>,
    /// The part of the newest secret that may be shown, if a rotation changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_token: Option<FieldChange<PartialToken>>,
    /// When a replaced secret ends: the one that a rotation replaced, or an update ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_retires_at: Option<FieldChange<Timestamp>>,
    /// The owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<FieldChange<Owner>>,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<FieldChange<Description>>,
    /// The metadata, which is never empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<FieldChange<Metadata>>,
}

/// The chain hash of an event: SHA-256 over the hash before it and its own content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// The hash before the first event of a chain.
    pub const START: Self = Self([0; 32]);

    /// Takes a hash in the form that a store keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash in the form that a store keeps.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl FromStr for ChainHash {
    type Err = MalformedText;

    /// Reads 64 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, MalformedText> {
        hex::read(text).map(Self).ok_or(MalformedText("hash"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The encoding of an event: which parts its hash covers, and how. A stored event keeps the
/// encoding that it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// The hash covers nothing about the new secret.
    V1,
    /// A creation or a rotation commits to the secret that it made.
    V2,
}

impl Encoding {
    /// The encoding of new events.
    pub const NEWEST: Self = Self::V2;

    /// The number that is stored and shown.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// The label at the beginning of the hashed text, so that no event can pass for one of the
    /// other encoding.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::V1 => b"countersign event 1\n",
            Self::V2 => b"countersign event 2\n",
        }
    }
}

impl TryFrom<i64> for Encoding {
    type Error = MalformedText;

    fn try_from(number: i64) -> Result<Self, MalformedText> {
        [Self::V1, Self::V2]
            .into_iter()
            .find(|encoding| i64::from(encoding.number()) == number)
            .ok_or(MalformedText("encoding"))
    }
}

/// One event's content: who did what to which token, when and from where. It never has a secret or
/// a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventContent {
    /// The encoding of the hash. The label before the content covers this field itself.
    #[serde(skip)]
    pub encoding: Encoding,
    /// The token's tenant.
    pub tenant: TenantId,
    /// The token.
    pub token: TokenId,
    /// The kind of change.
    pub kind: EventKind,
    /// The instant of the change.
    pub at: Timestamp,
    /// The user who made the change.
    pub by: UserId,
    /// The client's address; `None` = not over the network, or unknown.
    pub address: Option<IpAddr>,
    /// The id of the request.
    pub request_id: RequestId,
    /// The version before the change; `None` for the first event.
    pub version_before: Option<Version>,
    /// The version after the change, which is also the event's position in its chain.
    pub version_after: Version,
    /// The fields that changed.
    pub changes: Changes,
    /// The commitment to the secret that was made, or that was ended alone; only events of
    /// [`Encoding::V2`] that do so have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_commitment: Option<SecretCommitment>,
}

/// An event in its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// The event's content.
    pub content: EventContent,
    /// The hash over the content and the hash of the event before.
    pub hash: ChainHash,
}

impl EventContent {
    /// Whether the event commits to a secret exactly if its encoding and its kind require that.
    pub(crate) fn commits_as_it_must(&self) -> bool {
        let makes_a_secret = matches!(self.kind, EventKind::Created | EventKind::Rotated);
        let of_a_secret = makes_a_secret || self.ends_a_secret();
        self.secret_commitment.is_some() == (of_a_secret && self.encoding >= Encoding::V2)
    }

    /// Whether the event ends one replaced secret, and does nothing else.
    #[must_use]
    pub fn ends_a_secret(&self) -> bool {
        self.kind == EventKind::Updated && self.changes.replaced_retires_at.is_some()
    }

    /// Chains the event to the one with that hash.
    #[must_use]
    pub fn chained_to(self, previous: &ChainHash) -> AuditEvent {
        // Content that cannot be serialized gets a hash that no event has, so it does not verify.
        let hash = self.hash_behind(previous).unwrap_or(ChainHash::START);
        AuditEvent {
            content: self,
            hash,
        }
    }

    /// The size of the content as JSON, in bytes; a store needs about as much.
    #[must_use]
    pub fn size(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }

    /// SHA-256 over the encoding's label, the hash before, and the content as JSON in the order of
    /// the fields here.
    pub(crate) fn hash_behind(&self, previous: &ChainHash) -> Option<ChainHash> {
        let mut hasher = Sha256::new();
        hasher.update(self.encoding.label());
        hasher.update(previous.0);
        hasher.update(serde_json::to_vec(self).ok()?);
        Some(ChainHash(hasher.finalize().into()))
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
