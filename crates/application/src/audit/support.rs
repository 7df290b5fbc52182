//! Histories, a store with them, and a witness, for the tests of the verification.

use countersign_domain::{
    AuditEvent, ChainHash, Changes, Encoding, EventContent, EventKind, FieldChange, RecordSnapshot,
    Search, SecretDigest, SecretSnapshot, UserSnapshot, UsesRow,
};

use super::*;
use crate::{ports::MockAuditStore, samples, testing::Notes};

pub(super) fn version(n: i64) -> Version {
    n.try_into().unwrap()
}

/// The changes of the creation of token `n`.
fn made(n: u8) -> Changes {
    fn to<T>(after: T) -> FieldChange<T> {
        FieldChange {
            before: None,
            after: Some(after),
        }
    }
    let token = samples::view(n, 1).token;
    Changes {
        name: Some(to(token.name)),
        expiry: Some(to(token.expiry)),
        allowed_addresses: Some(to(token.addresses)),
        permissions: Some(to(token.permissions)),
        ..Changes::default()
    }
}

pub(super) fn chain(n: u8, length: i64) -> Vec<AuditEvent> {
    let mut head = ChainHash::START;
    let event = |n_event: i64| {
        let event = EventContent {
            encoding: Encoding::V1,
            tenant: samples::tenant_id(),
            token: samples::token_id(n),
            kind: if n_event == 1 {
                EventKind::Created
            } else {
                EventKind::Updated
            },
            at: samples::now(),
            by: samples::user(0).id,
            address: None,
            request_id: samples::request_id(),
            version_before: Version::try_from(n_event - 1).ok(),
            version_after: version(n_event),
            changes: if n_event == 1 {
                made(n)
            } else {
                Changes::default()
            },
            secret_commitment: None,
        }
        .chained_to(&head);
        head = event.hash;
        event
    };
    (1..=length).map(event).collect()
}

/// The record that follows from a chain of token `n`.
pub(super) fn record(n: u8, events: &[AuditEvent]) -> RecordSnapshot {
    let last = events.last().unwrap();
    let mut token = samples::view(n, last.content.version_after.get()).token;
    token.id = last.content.token;
    RecordSnapshot {
        name_key: token.name.key().into(),
        created_by: samples::user(0).id,
        modified_by: samples::user(0).id,
        head: last.hash,
        revoked: None,
        user: Some(UserSnapshot {
            name: token.name.as_str().into(),
            stands_for_a_token: true,
            created: token.created,
            closed: None,
        }),
        secrets: vec![SecretSnapshot {
            digest: SecretDigest::from_bytes([n; 32]),
            partial: token.partial.clone(),
            created: token.created,
            valid_until: None,
            last_used: None,
        }],
        search: Search::Records,
        uses: Some(UsesRow { last: None }),
        token,
        owner_key: None,
    }
}

pub(super) type History = (Vec<AuditEvent>, Option<RecordSnapshot>);

pub(super) fn whole(n: u8, length: i64) -> History {
    let events = chain(n, length);
    let record = record(n, &events);
    (events, Some(record))
}

/// A store of these histories; event `unreadable` of token 2, if there is one, cannot be read.
pub(super) fn store(histories: Vec<History>, unreadable: Option<i64>) -> MockAuditStore {
    let mut store = MockAuditStore::new();
    let keys: Vec<_> = histories
        .iter()
        .map(|(events, _)| (events[0].content.tenant, events[0].content.token))
        .collect();
    let records: Vec<_> = histories.iter().map(|(_, record)| record.clone()).collect();
    let chains: Vec<_> = histories.into_iter().map(|(events, _)| events).collect();
    store.expect_recorded().returning(move |_, token| {
        Ok(records
            .iter()
            .flatten()
            .find(|record| record.token.id == token)
            .cloned())
    });
    store.expect_histories().returning(move |after, _| {
        Ok(keys
            .iter()
            .filter(|key| after.is_none_or(|after| **key > after))
            .copied()
            .collect())
    });
    store
        .expect_chain()
        .returning(move |_, token, after, limit| {
            let of_token = chains
                .iter()
                .flatten()
                .filter(|event| event.content.token == token);
            let newer = of_token
                .filter(|event| after.is_none_or(|after| event.content.version_after > after));
            let batch: Vec<_> = newer.take(limit.into()).cloned().collect();
            let bad = |event: &AuditEvent| {
                token == samples::token_id(2)
                    && Some(event.content.version_after.get()) == unreadable
            };
            if batch.iter().any(bad) {
                return Err(StoreError::Corrupt {
                    table: "audit_events",
                    column: "changes",
                });
            }
            Ok(batch)
        });
    store
}

/// Verifies a store in which every row belongs to a token.
pub(super) async fn verify(mut store: MockAuditStore) -> (Verified, Vec<Finding>) {
    store.expect_strays().returning(|_| Ok(vec![]));
    let (verified, notes) = compare(store, vec![]).await;
    (verified, notes.findings)
}

/// The same beside an earlier run.
pub(super) async fn compare(store: MockAuditStore, earlier: Vec<Head>) -> (Verified, Notes) {
    let mut notes = Notes::since(earlier);
    let verified = Audit::new(Arc::new(store))
        .verify(&mut notes)
        .await
        .unwrap();
    assert_eq!(verified.findings, notes.findings.len() as u64);
    (verified, notes)
}

pub(super) fn intact(tokens: u64, events: u64) -> (Verified, Vec<Finding>) {
    let verified = Verified {
        tokens,
        events,
        findings: 0,
    };
    (verified, vec![])
}

pub(super) fn broken(n: u8, fault: BrokenChain) -> Finding {
    Finding::Broken {
        tenant: samples::tenant_id(),
        token: samples::token_id(n),
        fault,
    }
}

/// Asserts that this is the only finding.
pub(super) async fn finds(store: MockAuditStore, finding: Finding) {
    let (_, findings) = verify(store).await;
    assert_eq!(findings, [finding]);
}
