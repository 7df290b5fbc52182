//! The prefix of a deployment's secrets, by which people and scanners see whose they are.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The prefix of secrets: 2 to 20 lower-case letters and digits, a letter first, with single
/// underscores between them.
///
/// ```
/// use countersign_domain::TokenPrefix;
/// let prefix: TokenPrefix = "acme_live".parse()?;
/// assert_eq!(prefix.as_str(), "acme_live");
/// assert!("acme_".parse::<TokenPrefix>().is_err());
/// # Ok::<_, countersign_domain::InvalidPrefix>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenPrefix(Box<str>);

/// The text is not a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a prefix has 2 to 20 lower-case letters and digits, a letter first, \
     with single underscores between them"
)]
pub struct InvalidPrefix;

impl TokenPrefix {
    /// The maximum length in characters.
    pub const MAX: usize = 20;

    /// The text, without the underscore that follows it in a secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text has the form of a prefix.
    pub(super) fn is_well_formed(text: &[u8]) -> bool {
        let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let mut parts = text.split(|byte| *byte == b'_');
        (2..=Self::MAX).contains(&text.len())
            && text[0].is_ascii_lowercase()
            && parts.all(|part| !part.is_empty() && part.iter().all(plain))
    }
}

impl Default for TokenPrefix {
    /// The prefix `csg`.
    fn default() -> Self {
        Self("csg".into())
    }
}

impl FromStr for TokenPrefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let well_formed = Self::is_well_formed(text.as_bytes());
        well_formed.then(|| Self(text.into())).ok_or(InvalidPrefix)
    }
}

impl fmt::Display for TokenPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_a_letter_first_and_single_underscores_inside() {
        for right in [
            "ab",
            "a1",
            "csg",
            "acme_live",
            "a_b_c",
            "a_1",
            &"a".repeat(20),
        ] {
            assert_eq!(right.parse::<TokenPrefix>().unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "a",
            "1a",
            "_a",
            "a_",
            "a__b",
            "Acme",
            "acme-live",
            "acme live",
            "acmé",
            "a.b",
            &"a".repeat(21),
        ] {
            assert_eq!(wrong.parse::<TokenPrefix>(), Err(InvalidPrefix), "{wrong}");
        }
    }
}
