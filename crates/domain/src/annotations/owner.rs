//! The owner of a token, in the deployment's own words.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{InvalidText, text};
use crate::caseless_key;

/// The deployment's own id of the customer, team, person or service that a token belongs to.
///
/// An owner is in NFC, has no blanks at the ends, and has 1 to [`Owner::MAX`] of the characters that
/// a name may have. Two owners are the same if their texts are, byte for byte. The service never
/// interprets an owner.
///
/// ```
/// use countersign_domain::Owner;
/// assert_eq!(Owner::parse(" customer-17 ")?.as_str(), "customer-17");
/// assert_ne!(Owner::parse("acme")?, Owner::parse("ACME")?);
/// # Ok::<(), countersign_domain::InvalidText>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(Arc<str>);

impl Owner {
    /// The maximum number of characters (Unicode scalar values in NFC).
    pub const MAX: usize = 128;

    /// Normalises and checks an owner.
    ///
    /// # Errors
    /// Returns the first reason why the text is not an owner.
    pub fn parse(raw: &str) -> Result<Self, InvalidText> {
        let normal = text::normal(raw);
        let text = normal.trim();
        text::check_visible(text, Self::MAX, None)?;
        Ok(Self(text.into()))
    }

    /// The owner as it is shown and compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key by which searches find an owner without regard to case, see [`caseless_key`].
    #[must_use]
    pub fn key(&self) -> String {
        caseless_key(&self.0)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
