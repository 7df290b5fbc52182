//! One thing that is wrong with a request: where, what, and what would be right.

use countersign_domain::{InvalidAddress, Violation};
use serde::Serialize;
use utoipa::ToSchema;

/// The most faults that are told at once, so that an answer stays smaller than what it answers to.
pub(crate) const MOST_FAULTS: usize = 100;

/// The most characters of a client's own words that are repeated to it.
const MOST_WORDS: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Fault)]
pub(crate) struct FieldError {
    /// Where in the body (RFC 6901); absent where the fault is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pointer: Option<String>,
    /// The query parameter or header that it is in; absent where it is in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
    /// What is wrong, for a program.
    #[schema(pattern = "^[a-z-]+$")]
    code: &'static str,
    /// What is wrong, for a person.
    detail: String,
    /// What stands there, cut after 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    value: Option<String>,
    /// What may have been meant, best first.
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

    /// Puts the place of a whole body before that within it.
    pub(crate) fn prefix(&mut self, prefix: &str) {
        if let Some(pointer) = &mut self.pointer {
            pointer.insert_str(0, prefix);
        }
    }

    /// With what stands there. What might be a secret is not repeated.
    pub(crate) fn with_value(mut self, value: &str) -> Self {
        self.value = (!may_hold_secret(value)).then(|| cut(value));
        self
    }

    /// With what may have been meant.
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

/// Whether a client's words may hold a secret, put there by mistake: then nothing repeats them.
pub(crate) fn may_hold_secret(words: &str) -> bool {
    words.contains("csg_")
}

/// The pointer to a member of what `parent` points to (RFC 6901, section 3), whole, so that it leads there; where the
/// key may hold a secret, the pointer to the parent.
pub(crate) fn pointer_to(parent: &str, key: &str) -> String {
    if may_hold_secret(key) {
        return parent.to_owned();
    }
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// What a client may have meant by a word that is not known.
pub(crate) fn nearest(word: &str, known: &[&str]) -> Vec<String> {
    let wanted = cut(word).to_lowercase();
    let near = |name: &&&str| strsim::jaro_winkler(&wanted, &name.to_lowercase()) > 0.85;
    known.iter().filter(near).map(ToString::to_string).collect()
}

/// A client's words, cut to what is worth repeating.
fn cut(words: &str) -> String {
    match words.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

impl From<&Violation> for FieldError {
    fn from(violation: &Violation) -> Self {
        let fault = |code| Self::at(violation.field().pointer(), code, violation.to_string());
        match violation {
            Violation::InvalidName(_) => fault("invalid-name"),
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
