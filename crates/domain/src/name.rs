//! Names that people can distinguish: normalised, without invisible characters, and with a key for
//! comparisons.

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
/// A name is in NFC, has no blanks at the ends, and has 1 to [`TokenName::MAX`] characters. It has
/// no control characters, no line separators, no replacements for something that was not text
/// (U+FFFC, U+FFFD), and no characters that show nothing (bidirectional marks, zero-width
/// characters, fillers, tags, code points that Unicode has not assigned: UTS #39, CWE-1007). Only
/// the joiners U+200C and U+200D are allowed between letters that they join or keep apart (RFC
/// 5892, appendices A.1 and A.2).
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

/// Reason why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidName {
    /// The text is empty, or has only blanks.
    #[error("a name needs at least one visible character")]
    Empty,
    /// The text has more than [`TokenName::MAX`] characters.
    #[error("a name has at most {max} characters, this one has {length}", max = TokenName::MAX)]
    TooLong {
        /// The number of characters (Unicode scalar values in NFC).
        length: usize,
    },
    /// The text has a character that is invisible or changes how its neighbours are shown.
    #[error("a name cannot contain {} (character {position})", .character.escape_unicode())]
    Forbidden {
        /// The first such character.
        character: char,
        /// The character's position, from 0 and in characters, after normalisation.
        position: usize,
    },
}

impl TokenName {
    /// The maximum number of characters (Unicode scalar values in NFC) of a name.
    pub const MAX: usize = 128;

    /// Normalises and checks a name.
    ///
    /// # Errors
    /// Returns the first reason why the text is not a name.
    pub fn parse(raw: &str) -> Result<Self, InvalidName> {
        Self::read(raw, |c| is_forbidden(c) || is_replacement(c))
    }

    /// Takes a stored name, even one that only an earlier release allowed.
    ///
    /// # Errors
    /// Returns the first reason why the text is not a name.
    pub fn stored(text: &str) -> Result<Self, InvalidName> {
        Self::read(text, is_forbidden)
    }

    fn read(raw: &str, is_forbidden: impl Fn(char) -> bool) -> Result<Self, InvalidName> {
        let normal: String = raw.nfc().collect();
        let text = normal.trim();
        if let Some((position, character)) = first(text, is_forbidden) {
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

    /// The key for comparisons: two names are the same if their keys are equal, see
    /// [`caseless_key`].
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether this or an earlier release stores that key with the name.
    #[must_use]
    pub fn had_key(&self, key: &str) -> bool {
        *self.key == *key || folded_letters(&self.text) == key
    }

    /// Whether this release would accept the name, and store it with that key. Earlier releases
    /// allowed some more names, and treated names as different that differ only in runs of blanks.
    #[must_use]
    pub fn is_of_now(&self, key: &str) -> bool {
        *self.key == *key && !self.text.chars().any(is_replacement)
    }
}

/// The first character that a name cannot have, with its position in characters; `also` is allowed.
pub(crate) fn first_forbidden(text: &str, also: Option<char>) -> Option<(usize, char)> {
    first(text, |c| {
        (is_forbidden(c) || is_replacement(c)) && Some(c) != also
    })
}

fn first(text: &str, is_forbidden: impl Fn(char) -> bool) -> Option<(usize, char)> {
    let forbidden = text
        .char_indices()
        .enumerate()
        .find(|(_, (place, c))| is_forbidden(*c) && !joins(text, *place));
    forbidden.map(|(position, (_, character))| (position, character))
}

/// Folds a text for comparisons without regard to case, width, composition or the number of blanks:
/// Unicode's compatibility caseless matching (The Unicode Standard, D146), without variation
/// selectors and joiners, and with one blank for each run of blanks. Folding twice changes nothing.
#[must_use]
pub fn caseless_key(text: &str) -> String {
    let letters = folded_letters(text);
    // Most names need no further work; they are folded on each look-up of a secret.
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

/// Replacements for an object that is not text, or for bytes that were not text.
fn is_replacement(c: char) -> bool {
    matches!(c, '\u{fffc}' | '\u{fffd}')
}

/// Whether a character is visible alone; marks need another character as their base.
pub(crate) fn shows(c: char) -> bool {
    use GeneralCategoryGroup::{Mark, Separator};
    !matches!(c.general_category_group(), Mark | Separator) && !is_joiner(c)
}

/// Emoji need these, so they are allowed in a name, but names never differ by them.
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
