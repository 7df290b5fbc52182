//! Faults of a request: the place, the fault, and the correct form.

use countersign_domain::{InvalidAddress, InvalidMetadata, Violation, may_hold_secret};
use serde::Serialize;
use utoipa::ToSchema;

/// The maximum number of faults in an answer, so that the answer stays smaller than the request.
pub(crate) const MOST_FAULTS: usize = 100;

/// The maximum number of characters of a client's text that are repeated to it.
const MOST_WORDS: usize = 100;

/// One fault of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Fault)]
pub(crate) struct FieldError {
    /// The place in the body (RFC 6901); absent if the fault is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// The query parameter or header with the fault; absent if it is in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
    /// The fault, for programs.
    #[schema(pattern = "^[a-z-]+$")]
    code: &'static str,
    /// The fault, for people.
    detail: String,
    /// The value at that place, cut after 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value: Option<String>,
    /// The values that may have been meant, the best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    suggestions: Vec<String>,
}

impl FieldError {
    /// A fault in the body.
    pub(crate) fn at(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: Some(pointer.into()),
            parameter: None,
            code,
            detail: detail.into(),
            value: None,
            suggestions: Vec::new(),
        }
    }

    /// A fault in a query parameter or a header.
    pub(crate) fn in_parameter(name: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: (!may_hold_secret(name)).then(|| cut(name)),
            ..Self::at("", code, detail)
        }
    }

    /// Puts the pointer of a part in front of a pointer within it.
    pub(crate) fn prefix(&mut self, prefix: &str) {
        if let Some(pointer) = &mut self.pointer {
            pointer.insert_str(0, prefix);
        }
    }

    /// Adds the value at that place. A text that might be a secret is not repeated.
    pub(crate) fn with_value(mut self, value: &str) -> Self {
        self.value = (!may_hold_secret(value)).then(|| cut(value));
        self
    }

    /// Adds the values that may have been meant.
    pub(crate) fn with_suggestions(mut self, suggestions: Vec<String>) -> Self {
        self.suggestions = suggestions;
        self
    }

    #[cfg(test)]
    pub(crate) fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }
}

/// The pointer to a member of what `parent` points to (RFC 6901, section 3), uncut, so that it
/// leads there; if the key may hold a secret, the pointer to the parent.
pub(crate) fn pointer_to(parent: &str, key: &str) -> String {
    if may_hold_secret(key) {
        return parent.to_owned();
    }
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The known words that a client may have meant by an unknown one.
pub(crate) fn nearest(word: &str, known: &[&str]) -> Vec<String> {
    let wanted = cut(word).to_lowercase();
    let near = |name: &&&str| strsim::jaro_winkler(&wanted, &name.to_lowercase()) > 0.85;
    known.iter().filter(near).map(ToString::to_string).collect()
}

/// A client's text, cut to the part that is repeated.
fn cut(words: &str) -> String {
    match words.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

impl From<&Violation> for FieldError {
    fn from(violation: &Violation) -> Self {
        let field = violation.field().pointer();
        let place = match violation {
            Violation::InvalidMetadata(fault) => fault.key().map(|key| pointer_to(&field, key)),
            _ => None,
        };
        let place = place.unwrap_or(field);
        let fault = |code| Self::at(place.clone(), code, violation.to_string());
        match violation {
            Violation::InvalidName(_) => fault("invalid-name"),
            Violation::InvalidOwner(_) => fault("invalid-owner"),
            Violation::InvalidDescription(_) => fault("invalid-description"),
            Violation::InvalidMetadata(reason) => fault(match reason {
                InvalidMetadata::TooMany { .. } => "too-many-pairs",
                InvalidMetadata::TooLarge { .. } => "metadata-too-large",
                InvalidMetadata::Key { .. } => "invalid-key",
                InvalidMetadata::Value { .. } => "invalid-value",
            }),
            Violation::ExpiryInPast => fault("expiry-in-past"),
            Violation::ExpiryTooFar { .. } => fault("expiry-too-far"),
            Violation::InvalidAddress {
                value,
                reason: InvalidAddress::HostBitsSet { network },
                ..
            } => fault("host-bits-set")
                .with_value(value)
                .with_suggestions(vec![network.to_string()]),
            Violation::InvalidAddress { value, .. } => fault("invalid-address").with_value(value),
            Violation::TooManyAddresses { .. } => fault("too-many-addresses"),
            Violation::UnknownPermission {
                value, suggestions, ..
            } => fault("unknown-permission")
                .with_value(value)
                .with_suggestions(suggestions.iter().map(ToString::to_string).collect()),
            Violation::EmptyPermissions => fault("empty-permissions"),
            Violation::PermissionNotHeld { permission, .. } => {
                fault("permission-not-held").with_value(permission.as_str())
            }
            Violation::StrongerToken { .. } => fault("permission-not-held"),
            Violation::SelfWidening { .. } => fault("self-widening"),
            Violation::AncestorProtected { .. } => fault("ancestor-protected"),
            Violation::NewestSecret => fault("newest-secret"),
            Violation::NotRevivable { .. } => fault("token-not-revivable"),
            Violation::WouldLockOut { address } => {
                let fault = fault("would-lock-out");
                match address {
                    Some(address) => fault.with_value(&address.to_string()),
                    None => fault,
                }
            }
        }
    }
}
