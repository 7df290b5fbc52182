//! Tests of what is stored beside the record: each column that somebody changed is named, and so is
//! each missing or additional row.

use super::{
    tests::{content, made, secret, stored, verify, version},
    *,
};
use crate::{Changes, EventContent, LastUse, Secret, SecretDigest, Token, samples};

/// A minute of the hour in which these tests play.
pub(super) fn minute(n: u32) -> Timestamp {
    samples::now().plus_seconds(60 * n)
}

pub(super) fn shown(n: u8) -> PartialToken {
    Secret::from_random(&[n; 32]).masked()
}

pub(super) fn digest(n: u8) -> SecretDigest {
    SecretDigest::from_bytes([n; 32])
}

/// A token that is created in the first minute and gets a new secret in each of the next two. Each
/// rotation leaves the previous secret ten more minutes. All events have one encoding.
pub(super) fn rotated(encoding: Encoding) -> (Vec<AuditEvent>, RecordSnapshot) {
    let mut token: Token = samples::view(1, &[]).token;
    let (mut head, mut events) = (ChainHash::START, Vec::new());
    for n in 1..=3_u8 {
        let kind = if n == 1 {
            EventKind::Created
        } else {
            EventKind::Rotated
        };
        let changes = if n == 1 {
            all_of(&token)
        } else {
            Changes {
                partial_token: Some(FieldChange {
                    before: Some(shown(n - 1)),
                    after: Some(shown(n)),
                }),
                replaced_retires_at: Some(made(minute(u32::from(n) + 10))),
                ..Changes::default()
            }
        };
        let event = EventContent {
            encoding,
            at: minute(n.into()),
            secret_commitment: (encoding == Encoding::V2).then(|| digest(n).commitment()),
            ..content(token.id, kind, n.into(), changes)
        };
        let event = event.chained_to(&head);
        head = event.hash;
        events.push(event);
    }
    token.version = version(3);
    token.partial = shown(3);
    (token.created, token.modified) = (minute(1), minute(3));
    let mut record = stored(token, head);
    let ends = [Some(minute(3)), Some(minute(13)), None];
    record.secrets = (1..)
        .zip(ends)
        .map(|(n, valid_until)| SecretSnapshot {
            created: minute(n.into()),
            valid_until,
            last_used: Some(used(n.into())),
            ..secret(n, shown(n))
        })
        .collect();
    record.uses = Some(UsesRow {
        last: Some(used(3)),
    });
    (events, record)
}

fn used(n: u32) -> LastUse {
    LastUse {
        at: minute(n),
        address: Some([192, 0, 2, 1].into()),
    }
}

fn all_of(token: &Token) -> Changes {
    Changes {
        name: Some(made(token.name.clone())),
        expiry: Some(made(token.expiry)),
        allowed_addresses: Some(made(token.addresses.clone())),
        permissions: Some(made(token.permissions.clone())),
        ..Changes::default()
    }
}

type Alteration = (fn(&mut RecordSnapshot), BrokenChain);

#[track_caller]
fn each_is_named(encoding: Encoding, alterations: &[Alteration]) {
    let (events, record) = rotated(encoding);
    assert_eq!(verify(&events, &record), Ok(()));
    for (alter, named) in alterations {
        let mut altered = record.clone();
        alter(&mut altered);
        assert_ne!(altered, record, "{named:?}");
        assert_eq!(verify(&events, &altered), Err(*named));
    }
}

#[test]
fn every_column_of_secrets_is_compared() {
    use BrokenChain::{SecretDiffers, SecretMissing, SecretUnknown};
    let dated: [Alteration; 8] = [
        (
            |record| record.secrets[0].created = minute(2),
            SecretDiffers(version(1), "created_at"),
        ),
        (
            |record| record.secrets[2].created = minute(4),
            SecretDiffers(version(3), "created_at"),
        ),
        (
            |record| record.secrets[1].valid_until = None,
            SecretDiffers(version(2), "retires_at"),
        ),
        (
            |record| record.secrets[0].valid_until = Some(minute(90)),
            SecretDiffers(version(1), "retires_at"),
        ),
        (
            |record| record.secrets[2].valid_until = Some(minute(90)),
            SecretDiffers(version(3), "retires_at"),
        ),
        (
            |record| record.secrets[0].partial = shown(9),
            SecretDiffers(version(1), "partial_token"),
        ),
        (
            |record| record.secrets.push(secret(9, shown(9))),
            SecretUnknown,
        ),
        (
            |record| drop(record.secrets.remove(1)),
            SecretMissing(version(2)),
        ),
    ];
    each_is_named(Encoding::V2, &dated);
    let digests: [Alteration; 2] = [
        (|record| record.secrets[0].digest = digest(9), SecretUnknown),
        (|record| record.secrets[2].digest = digest(9), SecretUnknown),
    ];
    each_is_named(Encoding::V2, &digests);
    // Events of the first encoding show the same, except which secret was made. Only the times
    // identify it.
    let (of_times, others) = dated.split_at(2);
    each_is_named(Encoding::V1, others);
    let (events, record) = rotated(Encoding::V1);
    for (alter, _) in of_times {
        let mut altered = record.clone();
        alter(&mut altered);
        let named = verify(&events, &altered);
        assert!(matches!(named, Err(SecretDiffers(..))), "{named:?}");
    }
}

fn user(record: &mut RecordSnapshot) -> &mut UserSnapshot {
    record.user.as_mut().unwrap()
}

fn search(record: &mut RecordSnapshot) -> &mut SearchRow {
    match &mut record.search {
        Search::Row(Some(row)) => row,
        other => panic!("{other:?}"),
    }
}

fn last(record: &mut RecordSnapshot) -> &mut LastUse {
    record.uses.as_mut().unwrap().last.as_mut().unwrap()
}

#[test]
fn every_column_beside_the_record_is_compared() {
    use BrokenChain::{RecordDiffers, RowDiffers, RowMissing, UserDiffers, UserMissing};
    let differs = |table, column| RowDiffers { table, column };
    let alterations: [Alteration; 18] = [
        (
            |record| record.name_key = "other".into(),
            RecordDiffers("nameKey"),
        ),
        (
            |record| record.token.created = minute(0),
            RecordDiffers("creation"),
        ),
        (
            |record| record.created_by = samples::user_id(7),
            RecordDiffers("creation"),
        ),
        (
            |record| record.token.modified = minute(9),
            RecordDiffers("lastModification"),
        ),
        (
            |record| record.modified_by = samples::user_id(7),
            RecordDiffers("lastModification"),
        ),
        (|record| record.user = None, UserMissing),
        (
            |record| user(record).name = "other".into(),
            UserDiffers("name"),
        ),
        (
            |record| user(record).stands_for_a_token = false,
            UserDiffers("kind"),
        ),
        (
            |record| user(record).created = minute(0),
            UserDiffers("created_at"),
        ),
        (
            |record| user(record).closed = Some(minute(3)),
            UserDiffers("closed_at"),
        ),
        (
            |record| record.search = Search::Row(None),
            RowMissing("token_search"),
        ),
        (
            |record| search(record).name_key = "other".into(),
            differs("token_search", "name_key"),
        ),
        (
            |record| search(record).permissions = samples::set(crate::standard::ALL),
            differs("token_search", "permissions"),
        ),
        (|record| record.uses = None, RowMissing("token_uses")),
        (
            |record| last(record).at = minute(4),
            differs("token_uses", "used_at"),
        ),
        (
            |record| last(record).address = None,
            differs("token_uses", "address"),
        ),
        // Somebody removed the use of the secret itself.
        (
            |record| record.secrets[2].last_used = None,
            differs("token_uses", "used_at"),
        ),
        (
            |record| record.secrets[2].last_used.as_mut().unwrap().address = None,
            differs("token_uses", "address"),
        ),
    ];
    each_is_named(Encoding::V2, &alterations);
}

/// This is the state after a node died between the two writes.
#[test]
fn a_use_may_be_noted_of_the_secret_alone() {
    let (events, mut record) = rotated(Encoding::V2);
    record.uses = Some(UsesRow {
        last: Some(used(2)),
    });
    assert_eq!(verify(&events, &record), Ok(()));
    record.uses = Some(UsesRow { last: None });
    assert_eq!(verify(&events, &record), Ok(()));
}

#[test]
fn nothing_beside_the_record_outlives_a_revocation() {
    let (mut events, mut record) = rotated(Encoding::V2);
    let revoked = EventContent {
        encoding: Encoding::V2,
        at: minute(5),
        ..content(record.token.id, EventKind::Revoked, 4, Changes::default())
    };
    let revoked = revoked.chained_to(&record.head);
    (record.head, record.token.version) = (revoked.hash, version(4));
    (record.token.modified, record.revoked) = (minute(5), Some(minute(5)));
    events.push(revoked);
    let mut next = |named| {
        let found = verify(&events, &record);
        assert_eq!(found, Err(named));
        match named {
            BrokenChain::UserDiffers(_) => record.user.as_mut().unwrap().closed = record.revoked,
            BrokenChain::RowLeft("token_search") => record.search = Search::Row(None),
            _ => record.uses = None,
        }
    };
    next(BrokenChain::UserDiffers("closed_at"));
    next(BrokenChain::RowLeft("token_search"));
    next(BrokenChain::RowLeft("token_uses"));
    assert_eq!(verify(&events, &record), Ok(()));
    record.revoked = Some(minute(6));
    let other = BrokenChain::RecordDiffers("revocation");
    assert_eq!(verify(&events, &record), Err(other));
}
