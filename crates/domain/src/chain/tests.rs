//! Tests of histories: an untouched history verifies; one with an altered, removed or added event
//! or row does not.

use proptest::prelude::*;

use super::*;
use crate::{
    Changes, Encoding, EventContent, SecretDigest, Token, TokenId, samples, standard::TASKS_READ,
};

pub(super) fn version(n: i64) -> Version {
    Version::try_from(n).unwrap()
}

fn named(n: i64) -> Option<TokenName> {
    (n > 0).then(|| TokenName::parse(&format!("name {n}")).unwrap())
}

/// A history that creates a token and renames it with each version, and the record that follows
/// from it.
pub(super) fn history(length: i64) -> (Vec<AuditEvent>, RecordSnapshot) {
    let mut token = samples::view(1, &[TASKS_READ]).token;
    let mut head = ChainHash::START;
    let mut events = Vec::new();
    for n in 1..=length {
        let mut changes = Changes {
            name: Some(FieldChange {
                before: named(n - 1),
                after: named(n),
            }),
            ..Changes::default()
        };
        if n == 1 {
            changes.expiry = Some(made(token.expiry));
            changes.allowed_addresses = Some(made(token.addresses.clone()));
            changes.permissions = Some(made(token.permissions.clone()));
            changes.owner = Some(made(Owner::parse("Acme").unwrap()));
        }
        if n == 2 {
            let metadata = Metadata::parse([("plan", "gold")]).unwrap();
            changes.metadata = Some(made(metadata));
            changes.description = Some(made(Description::parse("text").unwrap()));
        }
        let kind = if n == 1 {
            EventKind::Created
        } else {
            EventKind::Updated
        };
        let event = content(token.id, kind, n, changes).chained_to(&head);
        head = event.hash;
        events.push(event);
    }
    token.version = version(length);
    token.name = named(length).unwrap();
    token.owner = Some(Owner::parse("Acme").unwrap());
    if length > 1 {
        token.metadata = Metadata::parse([("plan", "gold")]).unwrap();
        token.description = Some(Description::parse("text").unwrap());
    }
    (token.created, token.modified) = (samples::now(), samples::now());
    let record = stored(token, head);
    (events, record)
}

/// The rows of a live token whose first secret was never replaced.
pub(super) fn stored(token: Token, head: ChainHash) -> RecordSnapshot {
    RecordSnapshot {
        name_key: token.name.key().into(),
        created_by: samples::user_id(2),
        modified_by: samples::user_id(2),
        head,
        revoked: None,
        user: Some(UserSnapshot {
            name: token.name.as_str().into(),
            stands_for_a_token: true,
            created: token.created,
            closed: None,
        }),
        secrets: vec![secret(1, token.partial.clone())],
        search: Search::Row(Some(SearchRow {
            name_key: token.name.key().into(),
            permissions: token.permissions.clone(),
        })),
        uses: Some(UsesRow { last: None }),
        owner_key: token.owner.as_ref().map(|owner| owner.key().into()),
        token,
    }
}

/// A stored secret that works.
pub(super) fn secret(n: u8, partial: PartialToken) -> SecretSnapshot {
    SecretSnapshot {
        digest: SecretDigest::from_bytes([n; 32]),
        partial,
        created: samples::now(),
        valid_until: None,
        last_used: None,
    }
}

pub(super) fn made<T>(after: T) -> FieldChange<T> {
    FieldChange {
        before: None,
        after: Some(after),
    }
}

pub(super) fn content(token: TokenId, kind: EventKind, n: i64, changes: Changes) -> EventContent {
    EventContent {
        encoding: Encoding::V1,
        tenant: samples::tenant_id(),
        token,
        kind,
        at: samples::now(),
        by: samples::user_id(2),
        address: None,
        request_id: "request-1".parse().unwrap(),
        version_before: Version::try_from(n - 1).ok(),
        version_after: version(n),
        changes,
        secret_commitment: None,
    }
}

pub(super) fn verify(events: &[AuditEvent], record: &RecordSnapshot) -> Result<(), BrokenChain> {
    let mut verifier = ChainVerifier::default();
    events.iter().try_for_each(|event| verifier.push(event))?;
    verifier.finish(record)
}

proptest! {
    #[test]
    fn what_was_written_verifies(length in 1_i64..20) {
        let (events, record) = history(length);
        prop_assert_eq!(verify(&events, &record), Ok(()));
    }

    #[test]
    fn an_altered_event_is_named(length in 1_i64..20, pick: prop::sample::Index) {
        let (mut events, record) = history(length);
        let index = pick.index(events.len());
        events[index].content.by = samples::user_id(3);
        let altered = events[index].content.version_after;
        prop_assert_eq!(verify(&events, &record), Err(BrokenChain::Altered(altered)));
    }

    #[test]
    fn a_missing_event_is_noticed(length in 1_i64..20, pick: prop::sample::Index) {
        let (mut events, record) = history(length);
        let index = pick.index(events.len());
        events.remove(index);
        let expected = events
            .get(index)
            .map_or(BrokenChain::WrongEnd, |next| BrokenChain::Gap(next.content.version_after));
        prop_assert_eq!(verify(&events, &record), Err(expected));
    }
}

#[test]
fn events_that_are_forged_or_added_end_elsewhere() {
    let (events, record) = history(3);
    let mut forged = events[..2].to_vec();
    let mut third = events[2].content.clone();
    third.by = samples::user_id(7);
    forged.push(third.chained_to(&events[1].hash));
    assert_eq!(verify(&forged, &record), Err(BrokenChain::WrongEnd));
    let mut longer = events.clone();
    let fourth = content(record.token.id, EventKind::Updated, 4, Changes::default());
    longer.push(fourth.chained_to(&record.head));
    assert_eq!(verify(&longer, &record), Err(BrokenChain::WrongEnd));
    assert_eq!(verify(&[], &record), Err(BrokenChain::WrongEnd));
    assert_eq!(
        verify(&events[1..], &record),
        Err(BrokenChain::Gap(version(2)))
    );
}

type Alter<'a> = (&'static str, Box<dyn Fn(&mut RecordSnapshot) + 'a>);

#[test]
fn a_record_that_was_changed_beside_its_events_is_noticed() {
    let (events, record) = history(3);
    let later = record.token.expiry.plus_months(1);
    let places = AllowedAddresses::parse(["10.0.0.0/8"]).unwrap();
    let alterations: [Alter<'_>; 5] = [
        (
            "name",
            Box::new(|record| record.token.name = named(9).unwrap()),
        ),
        ("expiry", Box::new(|record| record.token.expiry = later)),
        (
            "allowedAddresses",
            Box::new(|record| record.token.addresses = places.clone()),
        ),
        (
            "permissions",
            Box::new(|record| record.token.permissions = samples::set(&[])),
        ),
        (
            "revocation",
            Box::new(|record| record.revoked = Some(samples::now())),
        ),
    ];
    for (field, alter) in alterations {
        let mut altered = record.clone();
        alter(&mut altered);
        assert_eq!(
            verify(&events, &altered),
            Err(BrokenChain::RecordDiffers(field))
        );
    }
}

#[test]
fn a_change_that_starts_from_what_never_was_is_altered() {
    let (mut events, record) = history(2);
    let changes = Changes {
        name: Some(FieldChange {
            before: named(7),
            after: named(2),
        }),
        ..Changes::default()
    };
    let second = content(record.token.id, EventKind::Updated, 2, changes);
    events[1] = second.chained_to(&events[0].hash);
    assert_eq!(
        verify(&events, &record),
        Err(BrokenChain::Altered(version(2)))
    );
}

#[test]
fn a_revoked_token_has_no_later_events() {
    let (mut events, mut record) = history(1);
    for n in 2..=3 {
        let event = content(record.token.id, EventKind::Revoked, n, Changes::default());
        events.push(event.chained_to(&events.last().unwrap().hash.clone()));
    }
    record.token.version = version(2);
    record.head = events[1].hash;
    assert_eq!(
        verify(&events[..2], &record),
        Err(BrokenChain::RecordDiffers("revocation"))
    );
    record.revoked = Some(samples::now());
    record.search = Search::Row(None);
    record.uses = None;
    record.user.as_mut().unwrap().closed = record.revoked;
    assert_eq!(verify(&events[..2], &record), Ok(()));
    assert_eq!(
        verify(&events, &record),
        Err(BrokenChain::Altered(version(3)))
    );
}

#[test]
fn a_changed_partial_shows_from_the_first_rotation_on() {
    let (mut events, mut record) = history(2);
    let shown = |n| crate::Secret::from_random(&[n; 32]).masked();
    record.token.partial = shown(8);
    record.secrets[0].partial = shown(8);
    assert_eq!(verify(&events, &record), Ok(()), "no event tells of it yet");

    for (n, before, after) in [(3, 8, 9), (4, 9, 10)] {
        let changes = Changes {
            partial_token: Some(FieldChange {
                before: Some(shown(before)),
                after: Some(shown(after)),
            }),
            replaced_retires_at: Some(made(samples::now())),
            ..Changes::default()
        };
        let event = content(record.token.id, EventKind::Rotated, n, changes);
        let event = event.chained_to(&record.head);
        for replaced in &mut record.secrets {
            replaced.valid_until = Some(samples::now());
        }
        record.secrets.push(secret(after, shown(after)));
        record.head = event.hash;
        record.token.version = version(n);
        events.push(event);
    }
    assert_eq!(
        verify(&events, &record),
        Err(BrokenChain::RecordDiffers("partialToken"))
    );
    record.token.partial = shown(10);
    assert_eq!(verify(&events, &record), Ok(()));
}
