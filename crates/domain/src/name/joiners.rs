//! The two joiners, which are invisible and change how their neighbours are shown. Persian and the
//! scripts of India cannot be written without them, so they are allowed exactly where IDNA allows
//! them: CONTEXTJ of RFC 5892, appendices A.1 and A.2.

use unicode_joining_type::{JoiningType, get_joining_type};
use unicode_normalization::char::canonical_combining_class;

/// Keeps two letters apart that would join.
const ZWNJ: char = '\u{200c}';
/// Joins two letters that would stay apart.
const ZWJ: char = '\u{200d}';

/// The combining class of virama, the sign by which a consonant loses its vowel (UAX #44, table
/// 15).
const VIRAMA: u8 = 9;

pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, ZWNJ | ZWJ)
}

/// Whether the character at that byte position is a joiner with a meaning between its neighbours.
pub(super) fn joins(text: &str, place: usize) -> bool {
    let (before, rest) = text.split_at(place);
    let mut after = rest.chars();
    let (Some(joiner), last) = (after.next(), before.chars().next_back()) else {
        return false;
    };
    is_joiner(joiner)
        && (last.is_some_and(|last| canonical_combining_class(last) == VIRAMA)
            || joiner == ZWNJ
                && is_one_of(before.chars().rev(), JoiningType::LeftJoining)
                && is_one_of(after, JoiningType::RightJoining))
}

/// Whether the next letter, after any marks, joins on that side or on both.
fn is_one_of(mut letters: impl Iterator<Item = char>, side: JoiningType) -> bool {
    let letter = letters.find(|c| get_joining_type(*c) != JoiningType::Transparent);
    let joins = letter.map(get_joining_type);
    joins.is_some_and(|joins| joins == side || joins == JoiningType::DualJoining)
}

#[cfg(test)]
mod tests {
    use crate::{InvalidName, TokenName};

    #[test]
    fn joiners_stand_where_letters_join() {
        for name in [
            // Persian, "I want": between two letters that join on both sides.
            "می\u{200c}خواهم",
            // The same with a mark on either side, which is skipped.
            "می\u{64e}\u{200c}\u{64e}خواهم",
            // Persian, "books": the last letter joins only on its right side.
            "کتاب\u{200c}ها",
            // Devanagari and Malayalam after a virama, also at the end.
            "क्\u{200d}ष",
            "क्\u{200c}ष",
            "അവന്\u{200d}",
            "export for می\u{200c}خواهم",
        ] {
            let parsed = TokenName::parse(name).unwrap();
            assert_eq!(parsed.as_str(), name);
            let without: String = name
                .chars()
                .filter(|c| !matches!(c, '\u{200c}' | '\u{200d}'))
                .collect();
            assert_eq!(parsed.key(), TokenName::parse(&without).unwrap().key());
        }
    }

    #[test]
    fn joiners_stand_nowhere_else() {
        for (name, position) in [
            ("a\u{200c}b", 1),
            ("a\u{200d}b", 1),
            ("\u{200c}", 0),
            ("\u{200d}a", 0),
            ("a\u{200c}", 1),
            // The joiner has no meaning between letters that join anyway.
            ("می\u{200d}خواهم", 2),
            // The letter before joins only on its right side.
            ("دا\u{200c}د", 2),
            // There is no letter after it, or that letter does not join.
            ("می\u{200c}", 2),
            ("می\u{200c} خواهم", 2),
            ("می\u{200c}a", 2),
            // Two joiners, of which the second has no neighbour that joins.
            ("क्\u{200d}\u{200d}ष", 3),
            // Without a virama.
            ("क\u{200d}ष", 1),
            // A family of emoji.
            ("\u{1f468}\u{200d}\u{1f469}", 1),
        ] {
            let character = name.chars().nth(position).unwrap();
            let refused = InvalidName::Forbidden {
                character,
                position,
            };
            assert_eq!(TokenName::parse(name), Err(refused), "{name:?}");
        }
    }
}
