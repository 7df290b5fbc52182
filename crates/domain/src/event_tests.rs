//! Chains: what is written verifies, what is altered, removed or reordered does not.

use proptest::prelude::*;

use super::*;
use crate::samples;

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

/// Pinned: chains that are stored rely on the form.
#[test]
fn the_hash_never_changes() {
    assert_eq!(
        chain(2)[1].hash.to_string(),
        "d942561a14efc77a7174f733e040695f789563a004d881edf03eb936fd4515d5"
    );
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
