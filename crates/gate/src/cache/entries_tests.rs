//! What is held, and within which bounds.

use countersign_domain::{Metadata, Owner, standard::TASKS_READ};

use super::*;
use crate::{
    cache::{epochs::Epochs, monotonic::MonotonicClock},
    samples::{credential, secret},
};

fn entries(capacity_bytes: u64) -> Entries {
    let settings = CacheSettings {
        capacity_bytes,
        negative_entries: 64,
        ..CacheSettings::default()
    };
    Entries::new(&settings, &DigestHashBuilder::new())
}

#[test]
fn what_is_held_stays_within_its_bounds() {
    let capacity = 20_000;
    let entries = entries(capacity);
    let (begin, now) = (Epochs::new(1).begin(), MonotonicClock::start().now());
    for number in 0..=255 {
        let digest = secret(number).digest();
        entries.keep(&digest, Arc::new(credential(number)), begin, now);
        entries.keep_unknown(&secret(number ^ 1).digest(), begin, now);
        entries.keep(&digest, Arc::new(credential(number)), begin, now);
        assert!(entries.bytes() <= capacity);
        assert_eq!(entries.index().len(), entries.len());
    }
    let held = (0..=255).filter(|number| {
        let of_token = entries.of_token(credential(*number).token);
        let digests: Vec<_> = of_token.into_iter().map(|(digest, _)| digest).collect();
        let known = entries.known(&secret(*number).digest()).is_some();
        assert_eq!(
            digests,
            if known {
                vec![secret(*number).digest()]
            } else {
                vec![]
            }
        );
        known
    });
    assert_eq!(held.count(), entries.len());
    assert!(entries.len() > 30, "{}", entries.len());
    assert!((32..=64).contains(&entries.unknown.len()));
}

#[test]
fn equal_sets_and_empty_lists_are_held_once() {
    let entries = entries(1 << 20);
    let anywhere = |number| {
        Arc::new(Credential {
            addresses: AllowedAddresses::any(),
            ..credential(number)
        })
    };
    let (one, bytes) = entries.share(anywhere(1));
    let (other, same) = entries.share(anywhere(2));
    assert_eq!(bytes, same);
    assert!(std::ptr::eq(
        one.permissions.iter().as_slice(),
        other.permissions.iter().as_slice()
    ));
    assert!(one.permissions.contains(&TASKS_READ));
    assert_eq!(*one, *anywhere(1));
    let (_, with_list) = entries.share(Arc::new(credential(3)));
    assert!(with_list > bytes);
}

#[test]
fn what_annotations_take_is_counted() {
    let entries = entries(1 << 20);
    let of = |owner: &str, value: &str| {
        let facts = Credential {
            owner: Owner::parse(owner).ok(),
            metadata: Metadata::parse([("plan", value)]).unwrap(),
            ..credential(1)
        };
        entries.share(Arc::new(facts)).1
    };
    let small = of("a", "b");
    assert!(of(&"a".repeat(101), "b") >= small + 96);
    assert!(of("a", &"b".repeat(201)) >= small + 192);
}
