//! Verifying: what is intact, what is broken and where, and what cannot even be read.

use countersign_domain::{AuditEvent, ChainHash, Changes, EventContent, EventKind};

use super::*;
use crate::{ports::MockAuditStore, samples};

fn version(n: i64) -> Version {
    n.try_into().unwrap()
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
            changes: Changes::default(),
        }
        .chained_to(&head);
        head = event.hash;
        event
    };
    (1..=length).map(event).collect()
}

/// A store of these chains; event `unreadable` of token 2, where there is one, cannot be read.
fn store(chains: Vec<Vec<AuditEvent>>, unreadable: Option<i64>) -> MockAuditStore {
    let mut store = MockAuditStore::new();
    let ends: Vec<_> = chains
        .iter()
        .map(|events| {
            let AuditEvent { content, hash } = events.last().unwrap();
            ChainEnd {
                tenant: content.tenant,
                token: content.token,
                version: content.version_after,
                head: *hash,
            }
        })
        .collect();
    store.expect_chain_ends().returning(move |after, _| {
        Ok(ends
            .iter()
            .filter(|end| after.is_none_or(|after| (end.tenant, end.token) > after))
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
    let longer_than_a_batch = i64::from(BATCH) * 2;
    let verdict = verify(store(
        vec![chain(1, 3), chain(2, longer_than_a_batch), chain(3, 1)],
        None,
    ))
    .await;
    assert_eq!(
        verdict,
        Verdict::Intact {
            tokens: 3,
            events: u64::from(BATCH) * 2 + 4
        }
    );
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
    let mut altered = chain(2, 5);
    altered[2].content.by = samples::user(4).id;
    let verdict = verify(store(vec![chain(1, 3), altered], None)).await;
    assert_eq!(verdict, broken(2, BrokenChain::Altered(version(3))));

    let mut gap = chain(2, 5);
    gap.remove(1);
    assert_eq!(
        verify(store(vec![gap], None)).await,
        broken(2, BrokenChain::Gap(version(3)))
    );
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_named_too() {
    for unreadable in [1, 4] {
        let verdict = verify(store(vec![chain(1, 3), chain(2, 5)], Some(unreadable))).await;
        assert_eq!(
            verdict,
            broken(2, BrokenChain::Altered(version(unreadable)))
        );
    }
}

#[tokio::test]
async fn events_that_are_missing_at_the_end_show() {
    let whole = chain(2, 5);
    let end = ChainEnd {
        tenant: samples::tenant_id(),
        token: samples::token_id(2),
        version: version(5),
        head: whole[4].hash,
    };
    let mut cut = MockAuditStore::new();
    cut.expect_chain_ends()
        .returning(move |after, _| Ok(if after.is_none() { vec![end] } else { vec![] }));
    cut.expect_chain().returning(move |_, _, after, _| {
        Ok(if after.is_none() {
            whole[..3].to_vec()
        } else {
            vec![]
        })
    });
    assert_eq!(verify(cut).await, broken(2, BrokenChain::WrongEnd));
}

#[tokio::test]
async fn a_store_that_cannot_answer_is_no_verdict() {
    let mut store = MockAuditStore::new();
    store
        .expect_chain_ends()
        .returning(|_, _| Err(samples::away()));
    assert!(matches!(
        Audit::new(Arc::new(store)).verify(|_| {}).await,
        Err(Failure::Store(_))
    ));
}
