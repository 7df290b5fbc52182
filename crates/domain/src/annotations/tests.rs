//! Tests of annotations: their forms, their limits, and what is reported about a wrong one.

use super::*;

#[test]
fn an_owner_is_normal_and_compared_as_it_is() {
    let owner = Owner::parse("  cafe\u{301} ").unwrap();
    assert_eq!(owner.as_str(), "caf\u{e9}");
    assert_ne!(owner, Owner::parse("Café").unwrap());
    assert_eq!(owner.key(), Owner::parse("CAFÉ").unwrap().key());
    assert!(Owner::parse(&"x".repeat(128)).is_ok());
}

#[test]
fn an_owner_needs_something_that_is_seen() {
    for empty in ["", "  ", "\u{301}"] {
        assert_eq!(Owner::parse(empty), Err(InvalidText::Empty), "{empty:?}");
    }
    let (length, most) = (129, 128);
    let long = Owner::parse(&"x".repeat(129));
    assert_eq!(long, Err(InvalidText::TooLong { length, most }));
    for character in ['\0', '\n', '\u{202e}', '\u{200b}', '\u{2028}', '\u{fffd}'] {
        let found = Owner::parse(&format!("a{character}b"));
        let position = 1;
        let expected = InvalidText::Forbidden {
            character,
            position,
        };
        assert_eq!(found, Err(expected));
    }
}

#[test]
fn a_description_may_have_lines() {
    let text = Description::parse(" one\r\ntwo\rthree\n\nfour\n").unwrap();
    assert_eq!(text.as_str(), "one\ntwo\nthree\n\nfour");
    assert!(Description::parse(&"x".repeat(500)).is_ok());
    assert!(Description::parse(&"x".repeat(501)).is_err());
    for forbidden in ["a\tb", "a\u{2028}b", "a\u{b}b", "a\u{85}b", "\u{feff}"] {
        assert!(Description::parse(forbidden).is_err(), "{forbidden:?}");
    }
}

#[test]
fn keys_of_metadata_have_one_form() {
    let longest = format!("a{}", "z".repeat(62));
    for key in ["a", "plan", "a.b_c-d9", &longest] {
        assert!(Metadata::is_key(key), "{key}");
    }
    let longer = format!("{longest}z");
    for key in ["", "A", "9a", ".a", "a b", "a/b", "é", "aB", &longer] {
        assert!(!Metadata::is_key(key), "{key}");
    }
}

#[test]
fn metadata_is_in_order_and_may_have_empty_values() {
    let metadata = Metadata::parse([("b", ""), ("a", "e\u{301}")]).unwrap();
    let pairs: Vec<_> = metadata.iter().collect();
    assert_eq!(pairs, [("a", "é"), ("b", "")]);
    assert_eq!(metadata.get("b"), Some(""));
    assert_eq!(metadata.get("c"), None);
    let none: [(&str, &str); 0] = [];
    assert_eq!(Metadata::parse(none), Ok(Metadata::default()));
    assert_eq!(Metadata::default().filled(), None);
}

#[test]
fn all_faults_of_metadata_come_together() {
    let long = "x".repeat(257);
    let faults = Metadata::parse([("A", "b\0"), ("ok", "fine"), ("z", &long)]).unwrap_err();
    let keys: Vec<_> = faults.iter().map(InvalidMetadata::key).collect();
    assert_eq!(keys, [Some("A"), Some("A"), Some("z")]);
}

#[test]
fn metadata_has_at_most_32_pairs_and_4096_bytes() {
    let pairs = |count: usize, value: &str| {
        Metadata::parse((0..count).map(|n| (format!("k{n:03}"), value.to_owned())))
    };
    assert!(pairs(32, "x").is_ok());
    let count = 33;
    assert_eq!(
        pairs(count, "x"),
        Err(vec![InvalidMetadata::TooMany { count }])
    );
    // 16 pairs of a key of 4 bytes and a value of 252 are exactly 4096.
    assert!(pairs(16, &"x".repeat(252)).is_ok());
    let bytes = 4112;
    let faults = pairs(16, &"x".repeat(253));
    assert_eq!(faults, Err(vec![InvalidMetadata::TooLarge { bytes }]));
}

#[test]
fn annotations_read_back_from_json() {
    let metadata = Metadata::parse([("plan", "gold"), ("env", "\"x\"")]).unwrap();
    let json = serde_json::to_string(&metadata).unwrap();
    assert_eq!(json, r#"{"env":"\"x\"","plan":"gold"}"#);
    assert_eq!(serde_json::from_str::<Metadata>(&json).unwrap(), metadata);
    for wrong in [r#"{"A":"b"}"#, r#"{"a":1}"#, "null", "[]"] {
        assert!(serde_json::from_str::<Metadata>(wrong).is_err(), "{wrong}");
    }
    let owner = Owner::parse("acme").unwrap();
    assert_eq!(serde_json::from_str::<Owner>("\"acme\"").unwrap(), owner);
    assert!(serde_json::from_str::<Owner>("\"\"").is_err());
    assert!(serde_json::from_str::<Description>("\"a\\nb\"").is_ok());
}
