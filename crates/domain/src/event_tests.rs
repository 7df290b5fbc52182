//! Tests of events: the hash covers each field, and its form never changes.

use super::*;
use crate::{
    samples,
    standard::{TASKS_READ, TASKS_WRITE},
};

fn version(n: i64) -> Version {
    Version::try_from(n).unwrap()
}

/// The event of a version, with every optional field empty.
fn bare(n: i64) -> EventContent {
    EventContent {
        encoding: Encoding::V1,
        tenant: samples::tenant_id(),
        token: samples::token_id(1),
        kind: if n == 1 {
            EventKind::Created
        } else {
            EventKind::Updated
        },
        at: Timestamp::from_micros(n).unwrap(),
        by: samples::user_id(2),
        address: Some([192, 0, 2, 1].into()),
        request_id: format!("request-{n}").parse().unwrap(),
        version_before: Version::try_from(n - 1).ok(),
        version_after: version(n),
        changes: Changes::default(),
        secret_commitment: None,
    }
}

/// An event with a value in every optional field.
fn full() -> EventContent {
    let places = |list: &[&str]| AllowedAddresses::parse(list).unwrap();
    let set = |list: &[crate::Permission]| list.iter().cloned().collect::<PermissionSet>();
    EventContent {
        at: samples::at("2026-06-01T12:00:00.000120Z"),
        address: Some("2001:db8::1".parse().unwrap()),
        changes: Changes {
            name: Some(FieldChange {
                before: TokenName::parse("Überall").ok(),
                after: TokenName::parse("\"quoted\"").ok(),
            }),
            expiry: Some(FieldChange {
                before: Some(samples::at("2026-06-01T12:00:00Z")),
                after: Some(samples::at("2026-07-01T12:00:00.5Z")),
            }),
            allowed_addresses: Some(FieldChange {
                before: Some(places(&[])),
                after: Some(places(&["10.0.0.0/8", "2001:db8::/32"])),
            }),
            permissions: Some(FieldChange {
                before: None,
                after: Some(set(&[TASKS_READ, TASKS_WRITE])),
            }),
            ..Changes::default()
        },
        ..bare(2)
    }
}

/// Pinned, because stored chains depend on the form.
#[test]
fn the_hash_never_changes() {
    assert_eq!(
        bare(2)
            .chained_to(&bare(1).chained_to(&ChainHash::START).hash)
            .hash
            .to_string(),
        "d942561a14efc77a7174f733e040695f789563a004d881edf03eb936fd4515d5"
    );
    assert_eq!(
        full().chained_to(&ChainHash::START).hash.to_string(),
        "392e1b7d6083dbfbd7d606b57098ac8241879982b6576041c14c2543d4b3111f"
    );
    assert_eq!(
        committed().chained_to(&ChainHash::START).hash.to_string(),
        "35edd333973cabdedf66be20800589626f1b624ed6a1c8027290f998140cc01d"
    );
}

/// Annotations came later than the encodings: an event without them has the hash that it had before,
/// and one with them has this form.
#[test]
fn the_hash_covers_annotations() {
    let some = |after: &str| FieldChange {
        before: None,
        after: Some(after.to_owned()),
    };
    let mut event = committed();
    let annotations = serde_json::json!({
        "owner": some("acme"), "description": some("one\ntwo"),
        "metadata": {"before": {"a": "1"}, "after": null},
    });
    let annotations: Changes = serde_json::from_value(annotations).unwrap();
    event.changes = Changes {
        owner: annotations.owner,
        description: annotations.description,
        metadata: annotations.metadata,
        ..event.changes
    };
    let json = serde_json::to_string(&event.changes).unwrap();
    assert!(json.ends_with(
        r#""owner":{"before":null,"after":"acme"},"description":{"before":null,"after":"one\ntwo"},"metadata":{"before":{"a":"1"},"after":null}}"#
    ));
    assert_eq!(
        event.chained_to(&ChainHash::START).hash.to_string(),
        "fa3e46adc8de60cf11e25c952fc0af2e89cddeac2ccce16d6930b4a8690e386a"
    );
}

/// The same event in the encoding that commits to its secret.
fn committed() -> EventContent {
    EventContent {
        encoding: Encoding::V2,
        secret_commitment: Some(SecretCommitment::from_bytes([7; 32])),
        ..full()
    }
}

#[test]
fn the_newer_encoding_has_hashes_of_its_own() {
    let hash = |event: EventContent| event.chained_to(&ChainHash::START).hash;
    let relabelled = EventContent {
        encoding: Encoding::V2,
        ..full()
    };
    let other = EventContent {
        secret_commitment: Some(SecretCommitment::from_bytes([8; 32])),
        ..committed()
    };
    let all = [full(), committed(), relabelled, other].map(hash);
    for (n, one) in all.iter().enumerate() {
        assert!(!all[..n].contains(one), "{n}");
    }
}

#[test]
fn only_what_makes_a_secret_commits_to_one() {
    use EventKind::*;
    for kind in [Created, Updated, Rotated, Revoked] {
        let makes_one = matches!(kind, Created | Rotated);
        let some = Some(SecretCommitment::from_bytes([7; 32]));
        for (encoding, secret_commitment, right) in [
            (Encoding::V1, None, true),
            (Encoding::V1, some, false),
            (Encoding::V2, None, !makes_one),
            (Encoding::V2, some, makes_one),
        ] {
            let event = EventContent {
                encoding,
                kind,
                secret_commitment,
                ..full()
            };
            assert_eq!(event.commits_as_it_must(), right, "{event:?}");
        }
    }
}

#[test]
fn encodings_and_hashes_read_back() {
    for encoding in [Encoding::V1, Encoding::V2] {
        assert_eq!(i64::from(encoding.number()).try_into(), Ok(encoding));
    }
    for unknown in [-1, 0, 3, i64::MAX] {
        assert!(Encoding::try_from(unknown).is_err());
    }
    let hash = committed().chained_to(&ChainHash::START).hash;
    assert_eq!(hash.to_string().parse(), Ok(hash));
    assert!("00".parse::<ChainHash>().is_err());
}

#[test]
fn every_field_is_covered() {
    type Alter = fn(&mut EventContent);
    let alterations: [Alter; 15] = [
        |event| event.tenant = TenantId::new(samples::now(), &[1; 10]),
        |event| event.token = samples::token_id(2),
        |event| event.kind = EventKind::Rotated,
        |event| event.at = samples::now(),
        |event| event.by = samples::user_id(3),
        |event| event.address = None,
        |event| event.request_id = "other".parse().unwrap(),
        |event| event.version_before = None,
        |event| event.version_after = version(3),
        |event| event.changes.name = None,
        |event| event.changes.name.as_mut().unwrap().before = None,
        |event| event.changes.expiry.as_mut().unwrap().after = Some(samples::now()),
        |event| event.changes.allowed_addresses = None,
        |event| event.changes.permissions = None,
        |event| event.changes.permissions.as_mut().unwrap().after = None,
    ];
    let hash = |event: EventContent| event.chained_to(&ChainHash::START).hash;
    let mut seen = vec![hash(full())];
    for alter in alterations {
        let mut event = full();
        alter(&mut event);
        let altered = hash(event);
        assert!(!seen.contains(&altered), "alteration {}", seen.len());
        seen.push(altered);
    }
}

#[test]
fn request_ids_are_plain() {
    for sane in [
        "a",
        "018f4e5e-5c7e-7c3a-9d7a-2b6f0c1d2e3f",
        "A_b.c:1",
        &"x".repeat(128),
    ] {
        assert!(sane.parse::<RequestId>().is_ok(), "{sane}");
    }
    for odd in ["", " ", "a b", "a\n", "é", "{}", &"x".repeat(129)] {
        assert!(odd.parse::<RequestId>().is_err(), "{odd}");
    }
}
