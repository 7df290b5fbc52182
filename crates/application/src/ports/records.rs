//! What stores keep besides tokens.

use std::{fmt, str::FromStr, sync::Arc};

use countersign_domain::{
    AuditEvent, Fingerprint, TenantId, Timestamp, TokenId, UserId, UserInfo, caseless_key,
    uuid::Uuid,
};

/// An isolation boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique among all tenants.
    pub name: Arc<str>,
    /// When it was made.
    pub created: Timestamp,
    /// The user to whom is attributed what an operator does on the machine.
    pub system: UserInfo,
}

impl Tenant {
    /// The key by which names of tenants are compared, folded as those of tokens are.
    #[must_use]
    pub fn name_key(&self) -> String {
        caseless_key(&self.name)
    }
}

/// What kind of user it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// Stands for one token.
    ApiToken,
    /// A human.
    Person,
    /// The service itself, once per tenant.
    System,
}

impl UserKind {
    /// The word that is stored and shown.
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

/// The word is no kind of user.
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

/// Somebody to whom changes are attributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its name; that of an API Token User is its token's.
    pub name: Arc<str>,
    /// What kind it is.
    pub kind: UserKind,
    /// Whether it may still act; closed users are kept, so that history keeps its names.
    pub enabled: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// An audit event with the name that its user has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// The event.
    pub event: AuditEvent,
    /// Its user's name now.
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
