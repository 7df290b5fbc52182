//! Tests of a replaced secret that was ended early: its event is compared with the row of the
//! secret.

use super::{
    comparison_tests::{digest, minute, rotated},
    tests::{content, verify, version},
    *,
};
use crate::{Changes, EventContent};

/// The chain of [`rotated`], after which the secret that was replaced last is ended early, in the
/// newest encoding.
fn ended_early(
    encoding: Encoding,
    retirement: FieldChange<Timestamp>,
) -> (Vec<AuditEvent>, RecordSnapshot) {
    let (mut events, mut record) = rotated(encoding);
    let end = retirement.after;
    let changes = Changes {
        replaced_retires_at: Some(retirement),
        ..Changes::default()
    };
    let event = EventContent {
        encoding: Encoding::V2,
        at: minute(5),
        secret_commitment: Some(digest(2).commitment()),
        ..content(record.token.id, EventKind::Updated, 4, changes)
    };
    let event = event.chained_to(&record.head);
    record.head = event.hash;
    record.token.version = version(4);
    record.token.modified = minute(5);
    record.secrets[1].valid_until = end;
    events.push(event);
    (events, record)
}

#[test]
fn a_secret_that_was_ended_early_is_compared_like_the_others() {
    for encoding in [Encoding::V1, Encoding::V2] {
        let changed = |before, after| FieldChange {
            before: Some(minute(before)),
            after: Some(minute(after)),
        };
        let (events, record) = ended_early(encoding, changed(13, 3));
        assert_eq!(verify(&events, &record), Ok(()));
        // The secret works on after all, and another one ended in its place.
        let mut revived = record.clone();
        revived.secrets[1].valid_until = Some(minute(13));
        let differs = BrokenChain::SecretDiffers(version(2), "retires_at");
        assert_eq!(verify(&events, &revived), Err(differs));
        let mut swapped = record;
        swapped.secrets[1].digest = digest(9);
        assert!(verify(&events, &swapped).is_err());
        // No event prolongs a secret, or ends one that did not end at that instant.
        for (before, after) in [(13, 14), (13, 13), (12, 3), (3, 2)] {
            let (events, record) = ended_early(encoding, changed(before, after));
            let altered = BrokenChain::Altered(version(4));
            let verdict = verify(&events, &record);
            // Its end alone does not distinguish the first secret from the second.
            let known = encoding == Encoding::V2 || before != 3;
            assert!(verdict == Err(altered) || !known && verdict.is_err());
        }
    }
}
