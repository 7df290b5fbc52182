//! Chains: what is written verifies, what is altered, removed or reordered does not.

use proptest::prelude::*;

use super::*;
use crate::{
    samples,
    standard::{TASKS_READ, TASKS_WRITE},
};

fn chain(length: i64) -> Vec<AuditEvent> {
    let mut hash = ChainHash::START;
    (1..=length)
        .map(|n| {
            let event = EventContent {
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
                version_after: Version::try_from(n).unwrap(),
                changes: Changes::default(),
            }
            .chained_to(&hash);
            hash = event.hash;
            event
        })
        .collect()
}

fn verify(events: &[AuditEvent], end: &AuditEvent) -> Result<(), BrokenChain> {
    let mut verifier = ChainVerifier::default();
    events.iter().try_for_each(|event| verifier.push(event))?;
    verifier.finish(end.content.version_after, &end.hash)
}

fn version(n: i64) -> Version {
    Version::try_from(n).unwrap()
}

proptest! {
    #[test]
    fn what_was_written_verifies(length in 1_i64..20) {
        let events = chain(length);
        prop_assert_eq!(verify(&events, events.last().unwrap()), Ok(()));
    }

    #[test]
    fn an_altered_event_is_named(length in 1_i64..20, pick: prop::sample::Index, what in 0..5) {
        let mut events = chain(length);
        let end = events.last().unwrap().clone();
        let index = pick.index(events.len());
        let content = &mut events[index].content;
        match what {
            0 => content.by = samples::user_id(3),
            1 => content.at = Timestamp::from_micros(99).unwrap(),
            2 => content.address = None,
            3 => content.request_id = "other".parse().unwrap(),
            _ => content.kind = EventKind::Revoked,
        }
        let named = content.version_after;
        prop_assert_eq!(verify(&events, &end), Err(BrokenChain::Altered(named)));
    }

    #[test]
    fn a_missing_event_is_noticed(length in 1_i64..20, pick: prop::sample::Index) {
        let mut events = chain(length);
        let end = events.last().unwrap().clone();
        let index = pick.index(events.len());
        events.remove(index);
        let expected = events.get(index).map_or(BrokenChain::WrongEnd, |next| BrokenChain::Gap(next.content.version_after));
        prop_assert_eq!(verify(&events, &end), Err(expected));
    }
}

#[test]
fn a_chain_forged_anew_ends_elsewhere() {
    let written = chain(3);
    let mut forged = chain(2);
    let mut third = written[2].content.clone();
    third.by = samples::user_id(7);
    forged.push(third.chained_to(&forged[1].hash));
    assert_eq!(verify(&forged, &written[2]), Err(BrokenChain::WrongEnd));
    assert_eq!(verify(&[], &written[2]), Err(BrokenChain::WrongEnd));
    assert_eq!(
        verify(&[written[1].clone()], &written[2]),
        Err(BrokenChain::Gap(version(2)))
    );
}

/// An event with something in every field that can be empty.
fn full() -> EventContent {
    let places = |list: &[&str]| AllowedAddresses::parse(list).unwrap();
    let set = |list: &[crate::Permission]| list.iter().cloned().collect::<PermissionSet>();
    let content = chain(2).remove(1).content;
    EventContent {
        at: samples::at("2026-06-01T12:00:00.000120Z"),
        address: Some("2001:db8::1".parse().unwrap()),
        changes: Changes {
            name: Some(Changed {
                before: TokenName::parse("Überall").ok(),
                after: TokenName::parse("\"quoted\"").ok(),
            }),
            expiry: Some(Changed {
                before: Some(samples::at("2026-06-01T12:00:00Z")),
                after: Some(samples::at("2026-07-01T12:00:00.5Z")),
            }),
            allowed_addresses: Some(Changed {
                before: Some(places(&[])),
                after: Some(places(&["10.0.0.0/8", "2001:db8::/32"])),
            }),
            permissions: Some(Changed {
                before: None,
                after: Some(set(&[TASKS_READ, TASKS_WRITE])),
            }),
        },
        ..content
    }
}

/// Pinned: chains that are stored rely on the form.
#[test]
fn the_hash_never_changes() {
    assert_eq!(
        chain(2)[1].hash.to_string(),
        "d942561a14efc77a7174f733e040695f789563a004d881edf03eb936fd4515d5"
    );
    assert_eq!(
        full().chained_to(&ChainHash::START).hash.to_string(),
        "392e1b7d6083dbfbd7d606b57098ac8241879982b6576041c14c2543d4b3111f"
    );
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
