//! Names that people can tell apart: normalised, free of what cannot be seen, and with a key for comparing them.

use std::fmt;

use caseless::Caseless;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The name of a token, which is also the name of its API Token User.
///
/// In NFC, without blanks at the ends, 1 to [`TokenName::MAX`] characters, none of them a control, a line
/// separator, or a character that shows nothing (bidirectional marks, zero-width characters, fillers, tags, what Unicode
/// has not assigned: UTS #39, CWE-1007).
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
        let normal: String = raw.nfc().collect();
        let text = normal.trim();
        if let Some((position, character)) =
            text.chars().enumerate().find(|(_, c)| is_forbidden(*c))
        {
            return Err(InvalidName::Forbidden {
                character,
                position,
            });
        }
        let key = fold(text);
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

    /// What makes two names the same: equal keys, see [`fold`].
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Folds a text for comparing it without regard to case, width or composition: Unicode's compatibility
/// caseless matching (The Unicode Standard, D146), without variation selectors. Folding twice changes nothing.
#[must_use]
pub fn fold(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_variation_selector(*c));
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

/// Whether a character shows by itself; marks need another to stand on.
fn shows(c: char) -> bool {
    use GeneralCategoryGroup::{Mark, Separator};
    !matches!(c.general_category_group(), Mark | Separator)
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
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_parsed_name_parses_to_itself(raw in "\\PC{0,40}") {
            if let Ok(name) = TokenName::parse(&raw) {
                prop_assert_eq!(TokenName::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn folding_twice_changes_nothing(raw in any::<String>()) {
            let once = fold(&raw);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn upper_and_lower_case_are_one_name(raw in "[a-zà-öø-ÿα-ρσ-ω ]{0,30}x") {
            prop_assert_eq!(fold(&raw), fold(&raw.to_uppercase()));
        }
    }

    #[test]
    fn look_alikes_share_a_key() {
        for (a, b) in [
            ("Café", "Cafe\u{301}"),
            ("STRASSE", "straße"),
            ("ＡＢＣ", "abc"),
            ("❤", "❤\u{fe0f}"),
            ("Å", "\u{212b}"),
            ("ﬁle", "FILE"),
            ("a\u{a0}b", "A B"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert_ne!(
            fold("paypal"),
            fold("pаypаl"),
            "Cyrillic letters are other letters"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for c in [
            '\0',
            '\u{1b}',
            '\r',
            '\n',
            '\t',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{2028}',
            '\u{2029}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2066}',
            '\u{61c}',
            '\u{feff}',
            '\u{ad}',
            '\u{e0041}',
            '\u{3164}',
            '\u{2065}',
            '\u{fff0}',
            '\u{2800}',
            '\u{e000}',
            '\u{fdd0}',
        ] {
            let refused = TokenName::parse(&format!("a{c}b"));
            assert_eq!(
                refused,
                Err(InvalidName::Forbidden {
                    character: c,
                    position: 1
                }),
                "{c:?}"
            );
        }
    }

    #[test]
    fn length_is_counted_in_characters_after_trimming() {
        assert_eq!(TokenName::parse(" \u{a0} "), Err(InvalidName::Empty));
        assert_eq!(TokenName::parse("\u{fe0f}"), Err(InvalidName::Empty));
        assert_eq!(TokenName::parse("\u{301} \u{302}"), Err(InvalidName::Empty));
        assert!(TokenName::parse(&format!(" {} ", "é".repeat(128))).is_ok());
        assert_eq!(
            TokenName::parse(&"é".repeat(129)),
            Err(InvalidName::TooLong { length: 129 })
        );
        assert!(
            TokenName::parse("<script>alert(1)</script> {{7*7}} '; DROP TABLE x;-- % _").is_ok()
        );
    }
}
