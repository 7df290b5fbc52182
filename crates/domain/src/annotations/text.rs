//! The check of a text that a deployment writes: the same characters as in a name.

use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

use crate::name::{first_forbidden, shows};

/// Reason why a text is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidText {
    /// The text has no visible character.
    #[error("at least one visible character is needed")]
    Empty,
    /// The text is too long.
    #[error("at most {most} characters are allowed, these are {length}")]
    TooLong {
        /// The number of characters (Unicode scalar values in NFC).
        length: usize,
        /// The maximum number of characters.
        most: usize,
    },
    /// The text has a character that is invisible or changes how its neighbours are shown.
    #[error("the character {} is not allowed (character {position})", .character.escape_unicode())]
    Forbidden {
        /// The first such character.
        character: char,
        /// The character's position, from 0 and in characters, after normalisation.
        position: usize,
    },
}

pub(super) fn normal(raw: &str) -> String {
    raw.nfc().collect()
}

/// Checks a normalised text; `also` is allowed besides the characters of a name.
pub(super) fn check(text: &str, most: usize, also: Option<char>) -> Result<(), InvalidText> {
    if let Some((position, character)) = first_forbidden(text, also) {
        return Err(InvalidText::Forbidden {
            character,
            position,
        });
    }
    match text.chars().count() {
        length if length > most => Err(InvalidText::TooLong { length, most }),
        _ => Ok(()),
    }
}

/// Checks a normalised text that needs a visible character.
pub(super) fn check_visible(
    text: &str,
    most: usize,
    also: Option<char>,
) -> Result<(), InvalidText> {
    check(text, most, also)?;
    if text.chars().any(shows) {
        Ok(())
    } else {
        Err(InvalidText::Empty)
    }
}
