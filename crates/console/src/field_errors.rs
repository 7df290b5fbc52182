//! Violations of the rules as text, beside the field of each.

use axum::http::StatusCode;
use countersign_domain::{Field, PermissionSet, RuleViolations, Violation};

use crate::{token_form::NoInstant, view::format};

/// The faults of each field of a form.
#[derive(Debug, Default, Clone)]
pub(crate) struct FieldErrors {
    pub(crate) whole: Vec<String>,
    pub(crate) name: Vec<String>,
    pub(crate) expiry: Vec<String>,
    pub(crate) addresses: Vec<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) owner: Vec<String>,
    pub(crate) description: Vec<String>,
    pub(crate) metadata: Vec<String>,
    /// Whether the caller would lock out its own address, and has to confirm that.
    pub(crate) lockout: bool,
}

impl FieldErrors {
    /// The faults of a refused change of a token with these permissions; `None` for a new token.
    pub(crate) fn of(refused: &RuleViolations, stored: Option<&PermissionSet>) -> Self {
        let mut faults = Self::default();
        for violation in refused.violations() {
            faults.lockout |= matches!(violation, Violation::WouldLockOut { .. });
            let list = match violation.field() {
                Field::Document => &mut faults.whole,
                Field::Name => &mut faults.name,
                Field::Expiry => &mut faults.expiry,
                Field::AllowedAddresses(_) => &mut faults.addresses,
                Field::Permissions(_) => &mut faults.permissions,
                Field::Owner => &mut faults.owner,
                Field::Description => &mut faults.description,
                Field::Metadata => &mut faults.metadata,
            };
            list.push(message(violation, stored));
        }
        faults
    }
}

impl From<NoInstant> for FieldErrors {
    fn from(_: NoInstant) -> Self {
        let words = "Enter a date and a time, such as 2027-01-31 09:30.";
        Self {
            expiry: vec![words.into()],
            ..Self::default()
        }
    }
}

impl FieldErrors {
    /// Another token has the name.
    pub(crate) fn name_taken() -> Self {
        let words = "Another token has this name. Names that differ only in case, width or composition count as the same.";
        Self {
            name: vec![words.into()],
            ..Self::default()
        }
    }

    /// The fields with faults, by the ids of their inputs.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            (&self.name, ("name", "Name")),
            (&self.expiry, ("expiry", "Expiry")),
            (&self.addresses, ("addresses", "Allowed addresses")),
            (&self.permissions, ("permissions", "Permissions")),
            (&self.owner, ("owner", "Owner")),
            (&self.description, ("description", "Description")),
            (&self.metadata, ("metadata", "Metadata")),
        ]
        .into_iter()
        .filter(|(faults, _)| !faults.is_empty())
        .map(|(_, field)| field)
    }

    /// The status of the answer to the form.
    pub(crate) fn status(&self) -> StatusCode {
        if self.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.fields().next().is_none()
    }
}

fn message(violation: &Violation, stored: Option<&PermissionSet>) -> String {
    let holds = |permission| stored.is_some_and(|stored| stored.contains(permission));
    let itself = |what: &str| {
        format!(
            "A token cannot {what} itself: sign in with another one that holds its permissions."
        )
    };
    let ended = "An expired token can be renamed or narrowed; it cannot get more time, addresses or permissions, or a new secret.";
    match violation {
        Violation::InvalidName(reason) => sentence(&reason.to_string()),
        Violation::InvalidMetadata(fault) => match fault.key() {
            Some(key) => format!("“{}”: {fault}.", cut(key)),
            None => sentence(&fault.to_string()),
        },
        Violation::ExpiryInPast => "The expiry has to be in the future.".into(),
        Violation::ExpiryTooFar {
            latest: Some(latest),
        } => format!(
            "The latest expiry is {}, counted from the token's creation.",
            format::instant(*latest)
        ),
        Violation::InvalidAddress { value, reason, .. } => format!("“{}”: {reason}.", cut(value)),
        Violation::ExpiryTooFar { latest: None }
        | Violation::InvalidOwner(_)
        | Violation::InvalidDescription(_)
        | Violation::TooManyAddresses { .. }
        | Violation::EmptyPermissions
        | Violation::StrongerToken { .. } => sentence(&violation.to_string()),
        Violation::UnknownPermission {
            value, suggestions, ..
        } => {
            let nearest = suggestions
                .first()
                .map(|nearest| format!(" Perhaps {nearest}?"));
            let nearest = nearest.unwrap_or_default();
            format!(
                "“{}” is no permission of this service.{nearest}",
                cut(value)
            )
        }
        Violation::PermissionNotHeld {
            permission,
            field: Field::Permissions(_),
        } if !holds(permission) => {
            format!(
                "{permission}: the token that you signed in with does not hold it, and so cannot give it."
            )
        }
        Violation::PermissionNotHeld {
            permission,
            field: Field::Document,
        } => format!(
            "{permission}: the token that you signed in with does not hold it, and whoever makes a new secret learns what holds it."
        ),
        Violation::PermissionNotHeld { permission, .. } => format!(
            "This widens a token that holds {permission}, which the token that you signed in with does not hold."
        ),
        Violation::SelfWidening {
            field: Field::Expiry,
        } => itself("prolong"),
        Violation::SelfWidening { .. } => itself("admit further addresses to"),
        Violation::AncestorProtected { field } => ancestor(*field),
        Violation::NewestSecret => "the newest secret ends with its token".into(),
        Violation::NotRevivable { .. } => ended.into(),
        Violation::WouldLockOut {
            address: Some(address),
        } => format!(
            "Your own address, {address}, would no longer be allowed: you would be locked out at once."
        ),
        Violation::WouldLockOut { address: None } => {
            "Your own address is not known here, so with a list you would be locked out at once."
                .into()
        }
    }
}

/// Why a token cannot make such a change of one that it descends from.
fn ancestor(field: Field) -> String {
    let what = if field == Field::Document {
        "cannot make a new secret for"
    } else {
        "cannot widen"
    };
    format!(
        "The token that you signed in with descends from this one, which created it or gave it a new secret, so it {what} it."
    )
}

/// Adds a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), rest.as_str())
}

/// The typed text, cut to a readable length.
fn cut(value: &str) -> String {
    if value.chars().count() <= 60 {
        return value.into();
    }
    let mut short: String = value.chars().take(59).collect();
    short.push('…');
    short
}
