//! Violations: the typed reasons why a change is refused, all at once, each with what the caller
//! needs to correct it.

use std::net::IpAddr;

use thiserror::Error;

use crate::{
    AllowedAddresses, InvalidAddress, InvalidMetadata, InvalidName, InvalidText, Permission,
    Timestamp,
};

/// A field of a request for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The request as a whole, if no single field is at fault.
    Document,
    /// The name.
    Name,
    /// The expiry.
    Expiry,
    /// The list of allowed addresses, or one entry of it.
    AllowedAddresses(Option<usize>),
    /// The permissions, or one entry of them.
    Permissions(Option<usize>),
    /// The owner.
    Owner,
    /// The description.
    Description,
    /// The metadata, or one pair of it.
    Metadata,
}

impl Field {
    /// The field as a JSON pointer into the request (RFC 6901).
    #[must_use]
    pub fn pointer(self) -> String {
        match self {
            Self::Document => String::new(),
            Self::Name => "/name".into(),
            Self::Expiry => "/expiry".into(),
            Self::AllowedAddresses(None) => "/allowedAddresses".into(),
            Self::AllowedAddresses(Some(index)) => format!("/allowedAddresses/{index}"),
            Self::Permissions(None) => "/permissions".into(),
            Self::Permissions(Some(index)) => format!("/permissions/{index}"),
            Self::Owner => "/owner".into(),
            Self::Description => "/description".into(),
            Self::Metadata => "/metadata".into(),
        }
    }
}

/// One rule that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// The name is not valid.
    #[error(transparent)]
    InvalidName(InvalidName),
    /// The owner is not valid.
    #[error("{0}")]
    InvalidOwner(InvalidText),
    /// The description is not valid.
    #[error("{0}")]
    InvalidDescription(InvalidText),
    /// The metadata is not valid.
    #[error(transparent)]
    InvalidMetadata(InvalidMetadata),
    /// A new expiry has to be after now.
    #[error("the expiry has to be after now")]
    ExpiryInPast,
    /// A new expiry is too long after the token's creation.
    #[error("the expiry is {}, counted from the creation", at_the_latest(*.latest))]
    ExpiryTooFar {
        /// The latest expiry that is allowed; `None` if the actor may not read the token, because
        /// the creation follows from it.
        latest: Option<Timestamp>,
    },
    /// An entry is not an address.
    #[error("{reason}")]
    InvalidAddress {
        /// The entry's index in the request.
        index: usize,
        /// The text of the entry.
        value: String,
        /// The reason why it is not an address.
        reason: InvalidAddress,
    },
    /// The list has more different addresses than allowed.
    #[error("at most {max} addresses, these are {count}", max = AllowedAddresses::MAX)]
    TooManyAddresses {
        /// The number of addresses.
        count: usize,
    },
    /// A permission is not in the catalog.
    #[error("unknown permission")]
    UnknownPermission {
        /// The entry's index in the request.
        index: usize,
        /// The text of the entry.
        value: String,
        /// The nearest known names, best first.
        suggestions: Vec<Permission>,
    },
    /// A token needs at least one permission.
    #[error("at least one permission is needed")]
    EmptyPermissions,
    /// The change would give a permission that its actor does not hold.
    #[error("the caller does not hold {permission}")]
    PermissionNotHeld {
        /// The permission that the actor lacks.
        permission: Permission,
        /// The field that would give it.
        field: Field,
    },
    /// The change would give permissions that its actor neither holds nor may read, so none is
    /// named.
    #[error("the token holds permissions that the caller does not hold")]
    StrongerToken {
        /// The field that would give them; the whole request for a new secret.
        field: Field,
    },
    /// A token would prolong itself or admit further addresses for itself.
    #[error("a token cannot widen its own expiry or addresses")]
    SelfWidening {
        /// The field that would widen.
        field: Field,
    },
    /// A token would widen one that it descends from, or give it a new secret.
    #[error("a token cannot widen one that it descends from, or give it a new secret")]
    AncestorProtected {
        /// The field that would widen; the whole request for a new secret.
        field: Field,
    },
    /// An expired token would be widened, or get a new secret.
    #[error("an expired token is not widened and gets no new secret")]
    NotRevivable {
        /// The field that would widen; the whole request for a new secret.
        field: Field,
    },
    /// The newest secret of a token would be ended alone.
    #[error("the newest secret ends with its token, or when a rotation replaces it")]
    NewestSecret,
    /// The actor would lock its own address out.
    #[error("the caller's own address would no longer be allowed")]
    WouldLockOut {
        /// The address, if it is known.
        address: Option<IpAddr>,
    },
}

/// The kind of a refusal, the gravest first. It decides the answer to the refusal as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// The actor would give more than it holds.
    PermissionNotHeld,
    /// The actor would widen itself.
    SelfWidening,
    /// The actor would widen a token that it descends from, or give it a new secret.
    AncestorProtected,
    /// The token is expired.
    NotRevivable,
    /// The token would be left without a secret.
    NewestSecret,
    /// The actor would lock itself out.
    WouldLockOut,
    /// A value is not valid.
    InvalidValue,
}

/// A bound of the expiry in words.
fn at_the_latest(latest: Option<Timestamp>) -> String {
    latest.map_or_else(
        || "later than the longest lifetime allows".into(),
        |latest| format!("at the latest {latest}"),
    )
}

impl Violation {
    /// The kind of refusal that this violation causes.
    #[must_use]
    pub const fn gravity(&self) -> RefusalKind {
        match self {
            Self::PermissionNotHeld { .. } | Self::StrongerToken { .. } => {
                RefusalKind::PermissionNotHeld
            }
            Self::SelfWidening { .. } => RefusalKind::SelfWidening,
            Self::AncestorProtected { .. } => RefusalKind::AncestorProtected,
            Self::NotRevivable { .. } => RefusalKind::NotRevivable,
            Self::NewestSecret => RefusalKind::NewestSecret,
            Self::WouldLockOut { .. } => RefusalKind::WouldLockOut,
            Self::InvalidName(_)
            | Self::InvalidOwner(_)
            | Self::InvalidDescription(_)
            | Self::InvalidMetadata(_)
            | Self::ExpiryInPast
            | Self::ExpiryTooFar { .. }
            | Self::InvalidAddress { .. }
            | Self::TooManyAddresses { .. }
            | Self::UnknownPermission { .. }
            | Self::EmptyPermissions => RefusalKind::InvalidValue,
        }
    }

    /// The field that breaks the rule.
    #[must_use]
    pub const fn field(&self) -> Field {
        match self {
            Self::InvalidName(_) => Field::Name,
            Self::InvalidOwner(_) => Field::Owner,
            Self::InvalidDescription(_) => Field::Description,
            Self::InvalidMetadata(_) => Field::Metadata,
            Self::ExpiryInPast | Self::ExpiryTooFar { .. } => Field::Expiry,
            Self::InvalidAddress { index, .. } => Field::AllowedAddresses(Some(*index)),
            Self::TooManyAddresses { .. } | Self::WouldLockOut { .. } => {
                Field::AllowedAddresses(None)
            }
            Self::UnknownPermission { index, .. } => Field::Permissions(Some(*index)),
            Self::EmptyPermissions => Field::Permissions(None),
            Self::NewestSecret => Field::Document,
            Self::PermissionNotHeld { field, .. }
            | Self::StrongerToken { field }
            | Self::SelfWidening { field }
            | Self::AncestorProtected { field }
            | Self::NotRevivable { field } => *field,
        }
    }
}

/// All rules that a request breaks; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("refused: {}", .violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct RuleViolations {
    violations: Vec<Violation>,
}

impl RuleViolations {
    /// The maximum number of violations in one answer, so that the answer stays smaller than the
    /// request.
    pub const MOST: usize = 100;

    /// Returns `value` if there are no violations. A missing value counts as a refusal.
    pub(crate) fn unless_none<T>(
        mut violations: Vec<Violation>,
        value: Option<T>,
    ) -> Result<T, Self> {
        match value {
            Some(value) if violations.is_empty() => Ok(value),
            _ => {
                // The gravest come first, so that truncation never hides the one that decides the
                // answer.
                violations.sort_by_key(Violation::gravity);
                violations.truncate(Self::MOST);
                Err(Self { violations })
            }
        }
    }

    /// The violations, the gravest first.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Whether a violation exists only because the actor's token descends from the changed one.
    #[must_use]
    pub fn depends_on_descent(&self) -> bool {
        let depends = |violation: &Violation| violation.gravity() == RefusalKind::AncestorProtected;
        self.violations.iter().any(depends)
    }

    /// The gravest kind among the violations.
    #[must_use]
    pub fn gravity(&self) -> RefusalKind {
        self.violations
            .first()
            .map_or(RefusalKind::InvalidValue, Violation::gravity)
    }
}
