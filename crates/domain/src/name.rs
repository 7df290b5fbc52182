//! Names that people can tell apart: normalised, free of what cannot be seen, and with a key for comparing them.

mod joiners;

use std::fmt;

use caseless::Caseless;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use self::joiners::{is_joiner, joins};

/// The name of a token, which is also the name of its API Token User.
///
/// In NFC, without blanks at the ends, 1 to [`TokenName::MAX`] characters, none of them a control,
/// a line separator, a replacement for what was not text (U+FFFC, U+FFFD), or a character that
/// shows nothing (bidirectional marks, zero-width characters, fillers, tags, what Unicode has not
/// assigned: UTS #39, CWE-1007). Only the joiners U+200C and U+200D may stand between letters that
/// they join or keep apart (RFC 5892, appendices A.1 and A.2).
///
/// ```
/// use countersign_domain::TokenName;
/// let name = TokenName::parse("  Ｎightly Export ")?;
/// assert_eq!(name.as_str(), "Ｎightly Export");
/// assert_eq!(name.key(), TokenName::parse("nightly EXPORT")?.key());
/// # Ok::<(), countersign_domain::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName {
    text: Box<str>,
    key: Box<str>,
}

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidName {
    /// Nothing is left once blanks at the ends are gone.
    #[error("a name needs at least one visible character")]
    Empty,
    /// More than [`TokenName::MAX`] characters.
    #[error("a name has at most {max} characters, this one has {length}", max = TokenName::MAX)]
    TooLong {
        /// How many characters (Unicode scalar values in NFC) there are.
        length: usize,
    },
    /// A character that cannot be seen or that changes how its neighbours are shown.
    #[error("a name cannot contain {} (character {position})", .character.escape_unicode())]
    Forbidden {
        /// The first such character.
        character: char,
        /// Its place, counted in characters from 0, after normalisation.
        position: usize,
    },
}

impl TokenName {
    /// The most characters (Unicode scalar values in NFC) that a name has.
    pub const MAX: usize = 128;

    /// Normalises and checks a name.
    ///
    /// # Errors
    /// The first reason why it is none.
    pub fn parse(raw: &str) -> Result<Self, InvalidName> {
        Self::read(raw, |c| is_forbidden(c) || is_replacement(c))
    }

    /// A name that is stored: also one that an earlier release allowed.
    ///
    /// # Errors
    /// The first reason why it is none.
    pub fn stored(text: &str) -> Result<Self, InvalidName> {
        Self::read(text, is_forbidden)
    }

    fn read(raw: &str, is_forbidden: impl Fn(char) -> bool) -> Result<Self, InvalidName> {
        let normal: String = raw.nfc().collect();
        let text = normal.trim();
        let forbidden = text
            .char_indices()
            .enumerate()
            .find(|(_, (place, c))| is_forbidden(*c) && !joins(text, *place));
        if let Some((position, (_, character))) = forbidden {
            return Err(InvalidName::Forbidden {
                character,
                position,
            });
        }
        let key = caseless_key(text);
        match text.chars().count() {
            length if length > Self::MAX => Err(InvalidName::TooLong { length }),
            _ if !text.chars().any(shows) => Err(InvalidName::Empty),
            _ => Ok(Self {
                text: text.into(),
                key: key.into(),
            }),
        }
    }

    /// The name as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What makes two names the same: equal keys, see [`caseless_key`].
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether that is the key that this release, or one before it, stores with the name.
    #[must_use]
    pub fn had_key(&self, key: &str) -> bool {
        *self.key == *key || folded_letters(&self.text) == key
    }

    /// Whether the name would be accepted now, and be stored with that key. An earlier release
    /// allowed some more names, and took names for different that differ in runs of blanks alone.
    #[must_use]
    pub fn is_of_now(&self, key: &str) -> bool {
        *self.key == *key && !self.text.chars().any(is_replacement)
    }
}

/// Folds a text for comparing it without regard to case, width, composition or the number of
/// blanks: Unicode's compatibility caseless matching (The Unicode Standard, D146), without
/// variation selectors and joiners, and with one blank for each run of them. Folding twice changes
/// nothing.
#[must_use]
pub fn caseless_key(text: &str) -> String {
    let letters = folded_letters(text);
    // Of most names nothing more has to be made: they are folded on each look-up of a secret.
    if !letters.contains("  ") && letters.chars().all(|c| c == ' ' || !c.is_whitespace()) {
        return letters;
    }
    let mut folded = String::with_capacity(letters.len());
    for c in letters.chars() {
        if !c.is_whitespace() {
            folded.push(c);
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded
}

fn folded_letters(text: &str) -> String {
    let visible = text
        .chars()
        .filter(|c| !is_variation_selector(*c) && !is_joiner(*c));
    let once = visible.nfd().default_case_fold().nfkd();
    once.default_case_fold().nfkd().collect()
}

fn is_forbidden(c: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Unassigned,
    };
    matches!(c.general_category(), Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Unassigned)
        // Default-ignorable characters that are letters or marks by category, yet show nothing.
        || matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}

/// What stands for an object that is no text, or for bytes that were none.
fn is_replacement(c: char) -> bool {
    matches!(c, '\u{fffc}' | '\u{fffd}')
}

/// Whether a character shows by itself; marks need another to stand on.
fn shows(c: char) -> bool {
    use GeneralCategoryGroup::{Mark, Separator};
    !matches!(c.general_category_group(), Mark | Separator) && !is_joiner(c)
}

/// Emoji need them, so they may stand in a name; but they never make two names different.
fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for TokenName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for TokenName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::stored(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
