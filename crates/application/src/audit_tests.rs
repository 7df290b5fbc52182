//! Verifying: what is intact, what is broken and where, and what cannot even be read.

use countersign_domain::{
    AuditEvent, ChainHash, Changed, Changes, EventContent, EventKind, Recorded,
};

use super::*;
use crate::{ports::MockAuditStore, samples};

fn version(n: i64) -> Version {
    n.try_into().unwrap()
}

/// What making token `n` changes.
fn made(n: u8) -> Changes {
    fn to<T>(after: T) -> Changed<T> {
        Changed {
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

fn chain(n: u8, length: i64) -> Vec<AuditEvent> {
    let mut head = ChainHash::START;
    let event = |n_event: i64| {
        let event = EventContent {
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
        }
        .chained_to(&head);
        head = event.hash;
        event
    };
    (1..=length).map(event).collect()
}

/// The record that comes of a chain of token `n`.
fn record(n: u8, events: &[AuditEvent]) -> Recorded {
    let last = events.last().unwrap();
    let mut token = samples::view(n, last.content.version_after.get()).token;
    token.id = last.content.token;
    Recorded {
        token,
        head: last.hash,
        revoked: false,
    }
}

type History = (Vec<AuditEvent>, Option<Recorded>);

fn whole(n: u8, length: i64) -> History {
    let events = chain(n, length);
    let record = record(n, &events);
    (events, Some(record))
}

/// A store of these histories; event `unreadable` of token 2, where there is one, cannot be read.
fn store(histories: Vec<History>, unreadable: Option<i64>) -> MockAuditStore {
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
                return Err(StoreFault::Corrupt {
                    table: "audit_events",
                    column: "changes",
                });
            }
            Ok(batch)
        });
    store
}

async fn verify(store: MockAuditStore) -> Verdict {
    Audit::new(Arc::new(store)).verify(|_| {}).await.unwrap()
}

fn broken(n: u8, fault: BrokenChain) -> Verdict {
    Verdict::Broken {
        tenant: samples::tenant_id(),
        token: samples::token_id(n),
        fault,
    }
}

#[tokio::test]
async fn what_was_written_is_intact() {
    let long = i64::from(BATCH) * 2;
    let histories = vec![whole(1, 3), whole(2, long), whole(3, 1)];
    let intact = Verdict::Intact {
        tokens: 3,
        events: u64::from(BATCH) * 2 + 4,
    };
    assert_eq!(verify(store(histories, None)).await, intact);
    assert_eq!(
        verify(store(vec![], None)).await,
        Verdict::Intact {
            tokens: 0,
            events: 0
        }
    );
}

#[tokio::test]
async fn the_first_broken_event_is_named() {
    let (mut altered, record) = whole(2, 5);
    altered[2].content.by = samples::user(4).id;
    let verdict = verify(store(vec![whole(1, 3), (altered, record)], None)).await;
    assert_eq!(verdict, broken(2, BrokenChain::Altered(version(3))));

    let (mut gap, record) = whole(2, 5);
    gap.remove(1);
    let verdict = verify(store(vec![(gap, record)], None)).await;
    assert_eq!(verdict, broken(2, BrokenChain::Gap(version(3))));
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_named_too() {
    for unreadable in [1, 4] {
        let verdict = verify(store(vec![whole(1, 3), whole(2, 5)], Some(unreadable))).await;
        assert_eq!(
            verdict,
            broken(2, BrokenChain::Altered(version(unreadable)))
        );
    }
}

#[tokio::test]
async fn events_that_are_missing_or_added_at_the_end_show() {
    let (events, record) = whole(2, 5);
    let cut = (events[..3].to_vec(), record);
    assert_eq!(
        verify(store(vec![cut], None)).await,
        broken(2, BrokenChain::WrongEnd)
    );
    let (_, shorter) = whole(2, 4);
    let added = (events, shorter);
    assert_eq!(
        verify(store(vec![added], None)).await,
        broken(2, BrokenChain::WrongEnd)
    );
}

#[tokio::test]
async fn a_record_that_is_gone_changed_or_spoiled_shows() {
    let (events, record) = whole(2, 3);
    let verdict = verify(store(vec![(events.clone(), None)], None)).await;
    assert_eq!(verdict, broken(2, BrokenChain::RecordMissing));

    let mut grown = record.unwrap();
    grown.token.permissions = countersign_domain::standard::ALL.iter().cloned().collect();
    let verdict = verify(store(vec![(events, Some(grown))], None)).await;
    assert_eq!(
        verdict,
        broken(2, BrokenChain::RecordDiffers("permissions"))
    );

    let mut spoiled = MockAuditStore::new();
    let key = (samples::tenant_id(), samples::token_id(2));
    spoiled
        .expect_histories()
        .returning(move |_, _| Ok(vec![key]));
    spoiled.expect_chain().returning(|_, _, _, _| Ok(vec![]));
    spoiled.expect_recorded().returning(|_, _| {
        Err(StoreFault::Corrupt {
            table: "api_tokens",
            column: "chain_head",
        })
    });
    assert_eq!(
        verify(spoiled).await,
        broken(2, BrokenChain::RecordUnreadable("chain_head"))
    );
}

#[tokio::test]
async fn what_a_running_service_adds_meanwhile_is_walked_too() {
    let (events, _) = whole(2, 5);
    let mut store = MockAuditStore::new();
    let key = (samples::tenant_id(), samples::token_id(2));
    store
        .expect_histories()
        .returning(move |after, _| Ok(if after.is_none() { vec![key] } else { vec![] }));
    let later = record(2, &events);
    store
        .expect_recorded()
        .times(2)
        .returning(move |_, _| Ok(Some(later.clone())));
    let mut asked = 0;
    store.expect_chain().returning(move |_, _, after, _| {
        asked += 1;
        let seen = after.map_or(0, |version| usize::try_from(version.get()).unwrap());
        // The last two events come after the first walk.
        let there = if asked > 2 { 5 } else { 3 };
        Ok(events[seen.min(there)..there].to_vec())
    });
    assert_eq!(
        verify(store).await,
        Verdict::Intact {
            tokens: 1,
            events: 5
        }
    );
}

#[tokio::test]
async fn a_store_that_cannot_answer_is_no_verdict() {
    let mut store = MockAuditStore::new();
    store
        .expect_histories()
        .returning(|_, _| Err(samples::away()));
    let verdict = Audit::new(Arc::new(store)).verify(|_| {}).await;
    assert!(matches!(verdict, Err(Failure::Store(_))));
}
