//! Tests of names: which texts are names, and which names count as the same.

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
        let once = caseless_key(&raw);
        prop_assert_eq!(caseless_key(&once), once);
    }

    #[test]
    fn upper_and_lower_case_are_one_name(raw in "[a-zà-öø-ÿα-ρσ-ω ]{0,30}x") {
        prop_assert_eq!(caseless_key(&raw), caseless_key(&raw.to_uppercase()));
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
        ("a b", "A \u{3000}\u{1680} b"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ] {
        assert_eq!(caseless_key(a), caseless_key(b), "{a} {b}");
    }
    assert_ne!(
        caseless_key("paypal"),
        caseless_key("pаypаl"),
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
        '\u{fffc}',
        '\u{fffd}',
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
fn what_an_earlier_release_stored_is_read() {
    let replaced = TokenName::stored("a\u{fffd}b").unwrap();
    assert!(replaced.had_key("a\u{fffd}b") && !replaced.is_of_now("a\u{fffd}b"));
    let json = serde_json::to_string(&replaced).unwrap();
    assert_eq!(serde_json::from_str::<TokenName>(&json).unwrap(), replaced);
    assert!(TokenName::stored("a\u{200b}b").is_err());
    let spaced = TokenName::parse("A  b").unwrap();
    assert_eq!((spaced.as_str(), spaced.key()), ("A  b", "a b"));
    assert!(spaced.had_key("a b") && spaced.is_of_now("a b"));
    assert!(spaced.had_key("a  b") && !spaced.is_of_now("a  b"));
    assert!(!spaced.had_key("a   b") && !spaced.had_key("ab"));
}

#[test]
fn length_is_counted_in_characters_after_trimming() {
    assert_eq!(TokenName::parse(" \u{a0} "), Err(InvalidName::Empty));
    assert_eq!(TokenName::parse("\u{fe0f}"), Err(InvalidName::Empty));
    assert_eq!(TokenName::parse("\u{301} \u{302}"), Err(InvalidName::Empty));
    assert_eq!(TokenName::parse("\u{94d}\u{200d}"), Err(InvalidName::Empty));
    assert!(TokenName::parse(&format!(" {} ", "é".repeat(128))).is_ok());
    assert_eq!(
        TokenName::parse(&"é".repeat(129)),
        Err(InvalidName::TooLong { length: 129 })
    );
    assert!(TokenName::parse("<script>alert(1)</script> {{7*7}} '; DROP TABLE x;-- % _").is_ok());
}
