//! The part of a secret that may be shown.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{MalformedSecret, TokenPrefix};

/// The end of a masked secret of which only the digest is known.
const UNKNOWN_END: &str = "????";
/// What stands between the prefix and the end.
const LEFT_OUT: &str = "_…";

/// What may be shown of a secret: its prefix and its last four characters (`csg_…x4Zt`), or
/// `????` in their place if only the secret's digest was ever known here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartialToken(Box<str>);

impl PartialToken {
    /// Parses a stored text.
    ///
    /// # Errors
    /// Returns an error if the text does not have the form of [`Secret::masked`] or of
    /// [`StoredSecret::of_digest`].
    ///
    /// [`Secret::masked`]: super::Secret::masked
    /// [`StoredSecret::of_digest`]: super::StoredSecret::of_digest
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let (prefix, end) = text.split_once(LEFT_OUT).ok_or(MalformedSecret)?;
        if TokenPrefix::is_well_formed(prefix.as_bytes()) && Self::is_end(end) {
            Ok(Self(text.into()))
        } else {
            Err(MalformedSecret)
        }
    }

    /// Whether a text has the form of [`Self::end`].
    #[must_use]
    pub fn is_end(text: &str) -> bool {
        let shown = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        shown || text == UNKNOWN_END
    }

    pub(super) fn new(prefix: &str, end: &str) -> Self {
        Self([prefix, LEFT_OUT, end].concat().into())
    }

    pub(super) fn of_unknown(prefix: &TokenPrefix) -> Self {
        Self::new(prefix.as_str(), UNKNOWN_END)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four characters of the secret, or `????`.
    #[must_use]
    pub fn end(&self) -> &str {
        self.0.split_once(LEFT_OUT).map_or("", |(_, end)| end)
    }
}

impl Serialize for PartialToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PartialToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
