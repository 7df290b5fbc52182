//! The description of a token, for people.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{InvalidText, text};

/// A description: 1 to [`Description::MAX`] of the characters that a name may have, and line breaks.
/// It is in NFC, has no blanks at the ends, and each of its line breaks is one line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(Box<str>);

impl Description {
    /// The maximum number of characters (Unicode scalar values in NFC).
    pub const MAX: usize = 500;

    /// Normalises and checks a description.
    ///
    /// # Errors
    /// Returns the first reason why the text is not a description.
    pub fn parse(raw: &str) -> Result<Self, InvalidText> {
        let normal = text::normal(raw).replace("\r\n", "\n").replace('\r', "\n");
        let text = normal.trim();
        text::check_visible(text, Self::MAX, Some('\n'))?;
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Description {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Description {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
