use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn made_secrets_parse_back(random: [u8; 32]) {
        let secret = Secret::from_random(&random);
        let parsed = Secret::parse(secret.expose()).unwrap();
        prop_assert_eq!(parsed.digest(), secret.digest());
        prop_assert_eq!(PartialToken::parse(secret.masked().as_str()), Ok(secret.masked()));
    }

    #[test]
    fn any_changed_dropped_or_added_character_is_refused(random: [u8; 32], place in 0..LENGTH, other in "[ -~]") {
        let secret = Secret::from_random(&random);
        let (head, tail) = secret.expose().split_at(place);
        if !tail.starts_with(&other) {
            let swapped = format!("{head}{other}{}", &tail[1..]);
            prop_assert!(Secret::parse(&swapped).is_err());
        }
        let dropped = format!("{head}{}", &tail[1..]);
        let added = format!("{head}{other}{tail}");
        prop_assert!(Secret::parse(&dropped).is_err());
        prop_assert!(Secret::parse(&added).is_err());
    }

    #[test]
    fn nothing_of_the_secret_is_printed(random: [u8; 32]) {
        let secret = Secret::from_random(&random);
        let printed = format!("{secret:?} {:?} {}", secret.digest(), secret.masked().as_str());
        prop_assert!(!printed.contains(&secret.expose()[4..12]));
    }
}

#[test]
fn a_digest_is_read_as_it_is_written() {
    let digest = Secret::from_random(&[9; 32]).digest();
    assert_eq!(SecretDigest::from_hex(&digest.to_hex()), Ok(digest));
    for text in [
        "",
        "00",
        &digest.to_hex().to_uppercase(),
        &format!("{}0", digest.to_hex()),
    ] {
        assert_eq!(SecretDigest::from_hex(text), Err(MalformedDigest), "{text}");
    }
    let partial = StoredSecret::of_digest(digest).partial;
    assert_eq!(PartialToken::parse(partial.as_str()), Ok(partial));
}

/// Pinned, because scanners and issued tokens depend on the form.
#[test]
fn the_form_never_changes() {
    let secret = Secret::from_random(&std::array::from_fn(|i| u8::try_from(i).unwrap()));
    assert_eq!(
        secret.expose(),
        "csg_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf30uU0P"
    );
    assert_eq!(
        Secret::from_random(&[0; 32]).expose()[..47],
        format!("csg_{}", "0".repeat(43))
    );
    assert!(Secret::parse(Secret::from_random(&[255; 32]).expose()).is_ok());
}
