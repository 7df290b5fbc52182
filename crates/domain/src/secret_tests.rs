use proptest::prelude::*;

use super::*;

fn prefix() -> impl Strategy<Value = TokenPrefix> {
    "[a-z][a-z0-9]{1,4}(_[a-z0-9]{1,4}){0,3}".prop_map(|text| text.parse().unwrap())
}

proptest! {
    #[test]
    fn made_secrets_parse_back(prefix in prefix(), random: [u8; 32]) {
        let secret = Secret::with_prefix(&prefix, &random);
        let parsed = Secret::parse(secret.expose()).unwrap();
        prop_assert_eq!(parsed.digest(), secret.digest());
        prop_assert_eq!(PartialToken::parse(secret.masked().as_str()), Ok(secret.masked()));
    }

    #[test]
    fn any_changed_dropped_or_added_character_is_refused(
        prefix in prefix(),
        random: [u8; 32],
        place: prop::sample::Index,
        other in "[ -~]",
    ) {
        let secret = Secret::with_prefix(&prefix, &random);
        let (head, tail) = secret.expose().split_at(place.index(secret.expose().len()));
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
    fn nothing_of_the_secret_is_printed(prefix in prefix(), random: [u8; 32]) {
        let secret = Secret::with_prefix(&prefix, &random);
        let printed = format!("{secret:?} {:?} {}", secret.digest(), secret.masked().as_str());
        let random = &secret.expose()[prefix.as_str().len() + 1..];
        prop_assert!(!printed.contains(&random[..8]));
        let shown = format!(" {prefix}_…{}", &random[45..]);
        prop_assert!(printed.ends_with(&shown));
    }

    #[test]
    fn a_text_with_a_secret_or_most_of_it_is_recognized(
        prefix in prefix(),
        random: [u8; 32],
        around in "[ -~]{0,10}",
        length in 24_usize..=49,
    ) {
        let secret = Secret::with_prefix(&prefix, &random);
        let cut = &secret.expose()[..prefix.as_str().len() + 1 + length];
        // By chance a short piece has letters of one case alone.
        let one_case = !cut.bytes().any(|byte| byte.is_ascii_uppercase())
            || !cut[prefix.as_str().len()..].bytes().any(|byte| byte.is_ascii_lowercase());
        let text = format!("{around}{cut}{around}");
        prop_assert!(one_case || may_hold_secret(&text), "{}", text);
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
    let prefix = "acme_live".parse().unwrap();
    let partial = StoredSecret::of_digest(&prefix, digest).partial;
    assert_eq!(partial.as_str(), "acme_live_…????");
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

#[test]
fn the_checksum_covers_the_prefix() {
    let prefix = "acme_live".parse().unwrap();
    let random = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let secret = Secret::with_prefix(&prefix, &random);
    assert_eq!(secret.masked().as_str(), "acme_live_…pRGw");
    for other in [
        "acme",
        "live",
        "acme_test",
        "csg",
        "Acme_live",
        "acme__live",
    ] {
        let text = secret.expose().replacen("acme_live", other, 1);
        assert!(Secret::parse(&text).is_err(), "{other}");
    }
    assert!(Secret::parse(&secret.expose()["acme_".len()..]).is_err());
}

#[test]
fn ordinary_texts_hold_no_secret() {
    for text in [
        "",
        "_",
        "api.tasks.read",
        "created_user_info",
        "req_01KB3ZT6Q4W8N5X2V7Y9M1C0AB",
        "sha1_da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "acme_live_…x4Zt",
        "fooBar_bazQuxCorgeGrault",
    ] {
        assert!(!may_hold_secret(text), "{text}");
    }
    assert!(may_hold_secret("csg_"));
}

#[test]
fn the_pattern_names_each_prefix_once() {
    let prefixes = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let format = TokenFormat::new(
        "acme_live".parse().unwrap(),
        prefixes(&["csg", "acme_live", "csg"]),
    );
    assert_eq!(
        format.prefixes(),
        &prefixes(&["acme_live", "csg"]) as &Vec<TokenPrefix>
    );
    assert_eq!(format.pattern(), r"\b(?:acme_live|csg)_[0-9A-Za-z]{49}\b");
}

#[test]
fn the_pattern_finds_ten_thousand_secrets_and_nothing_in_random_base64() {
    let format = TokenFormat::new("acme_live".parse().unwrap(), vec![TokenPrefix::default()]);
    let pattern = regex::Regex::new(&format.pattern()).unwrap();
    let random = |n: u32, part: u8| -> [u8; 32] {
        let seed = [&n.to_be_bytes()[..], &[part]].concat();
        Sha256::digest(seed).into()
    };
    for n in 0..10_000 {
        let prefix = &format.prefixes()[usize::from(n % 2 == 0)];
        let secret = Secret::with_prefix(prefix, &random(n, 0));
        let text = format!("token={}\n", secret.expose());
        let found = pattern.find(&text).map(|found| found.as_str());
        assert_eq!(found, Some(secret.expose()));
    }
    // 6 bits of each byte, in the alphabet of base64url, whose underscore is that of secrets.
    let digit = |byte: u8| {
        b"-_"
            .iter()
            .chain(ALPHABET)
            .copied()
            .nth(usize::from(byte % 64))
            .map_or(' ', char::from)
    };
    let noise: String = (0..40_000).flat_map(|n| random(n, 1)).map(digit).collect();
    assert_eq!(noise.len(), 1_280_000);
    assert_eq!(pattern.find_iter(&noise).count(), 0);
}
