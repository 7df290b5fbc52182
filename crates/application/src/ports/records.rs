//! The records that stores keep besides tokens.

use std::{fmt, str::FromStr, sync::Arc};

use countersign_domain::{
    AuditEvent, Fingerprint, TenantId, Timestamp, TokenId, UserId, UserInfo, caseless_key,
    uuid::Uuid,
};

/// A tenant, which is an isolation boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique among all tenants.
    pub name: Arc<str>,
    /// The instant of its creation.
    pub created: Timestamp,
    /// The user for changes that an operator makes on the machine.
    pub system: UserInfo,
}

impl Tenant {
    /// The key by which names of tenants are compared, folded like those of tokens.
    #[must_use]
    pub fn name_key(&self) -> String {
        caseless_key(&self.name)
    }
}

/// The kind of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// A user that stands for one token.
    ApiToken,
    /// A person.
    Person,
    /// The service itself, once per tenant.
    System,
}

impl UserKind {
    /// The name that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiToken => "api_token",
            Self::Person => "person",
            Self::System => "system",
        }
    }
}

impl fmt::Display for UserKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a kind of user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownUserKind;

impl FromStr for UserKind {
    type Err = UnknownUserKind;

    fn from_str(word: &str) -> Result<Self, UnknownUserKind> {
        [Self::ApiToken, Self::Person, Self::System]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or(UnknownUserKind)
    }
}

/// A user. Each change names one as its maker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The name; that of an API Token User is its token's.
    pub name: Arc<str>,
    /// The kind of user.
    pub kind: UserKind,
    /// Whether it may still act; closed users are kept, so that the history keeps its names.
    pub enabled: bool,
    /// The instant of its creation.
    pub created: Timestamp,
}

/// An audit event with the current name of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// The event.
    pub event: AuditEvent,
    /// The current name of its user.
    pub by_name: Arc<str>,
}

/// What was made under an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotentResult {
    /// The token.
    pub token: TokenId,
    /// What was asked for then.
    pub fingerprint: Fingerprint,
}

/// A row that belongs to no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// Its table.
    pub table: &'static str,
    /// Its tenant.
    pub tenant: TenantId,
    /// The user, or the token that there is no record of.
    pub id: Uuid,
}
