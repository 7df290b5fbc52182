//! Tests of the verification: what is intact, what is broken and where, and what cannot be read.

use super::{
    support::{broken, finds, intact, record, store, verify, version, whole},
    *,
};
use crate::{ports::MockAuditStore, samples, testing::Notes};

#[tokio::test]
async fn what_was_written_is_intact() {
    let long = i64::from(BATCH) * 2;
    let histories = vec![whole(1, 3), whole(2, long), whole(3, 1)];
    let all = intact(3, u64::from(BATCH) * 2 + 4);
    assert_eq!(verify(store(histories, None)).await, all);
    assert_eq!(verify(store(vec![], None)).await, intact(0, 0));
}

#[tokio::test]
async fn the_first_broken_event_is_named() {
    let (mut altered, record) = whole(2, 5);
    altered[2].content.by = samples::user(4).id;
    let histories = vec![whole(1, 3), (altered, record), whole(3, 2)];
    let (verified, findings) = verify(store(histories, None)).await;
    assert_eq!(findings, [broken(2, BrokenChain::Altered(version(3)))]);
    assert_eq!(
        (verified.tokens, verified.events),
        (3, 5),
        "the others are intact"
    );

    let (mut gap, record) = whole(2, 5);
    gap.remove(1);
    let named = broken(2, BrokenChain::Gap(version(3)));
    finds(store(vec![(gap, record)], None), named).await;
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_named_too() {
    for unreadable in [1, 4] {
        let store = store(vec![whole(1, 3), whole(2, 5)], Some(unreadable));
        finds(store, broken(2, BrokenChain::Altered(version(unreadable)))).await;
    }
}

#[tokio::test]
async fn events_that_are_missing_or_added_at_the_end_show() {
    let (events, record) = whole(2, 5);
    let cut = (events[..3].to_vec(), record);
    let named = broken(2, BrokenChain::WrongEnd);
    finds(store(vec![cut], None), named).await;
    let (_, shorter) = whole(2, 4);
    let added = (events, shorter);
    finds(store(vec![added], None), named).await;
}

#[tokio::test]
async fn a_record_that_is_gone_changed_or_spoiled_shows() {
    let (events, record) = whole(2, 3);
    let named = broken(2, BrokenChain::RecordMissing);
    finds(store(vec![(events.clone(), None)], None), named).await;

    let mut grown = record.unwrap();
    grown.token.permissions = countersign_domain::standard::ALL.iter().cloned().collect();
    let named = broken(2, BrokenChain::RecordDiffers("permissions"));
    finds(store(vec![(events, Some(grown))], None), named).await;

    for (table, column, named) in [
        (
            "api_tokens",
            "chain_head",
            BrokenChain::RecordUnreadable("chain_head"),
        ),
        (
            "token_secrets",
            "digest",
            BrokenChain::RowUnreadable {
                table: "token_secrets",
                column: "digest",
            },
        ),
    ] {
        let mut spoiled = MockAuditStore::new();
        let key = (samples::tenant_id(), samples::token_id(2));
        spoiled
            .expect_histories()
            .returning(move |after, _| Ok(if after.is_none() { vec![key] } else { vec![] }));
        spoiled.expect_chain().returning(|_, _, _, _| Ok(vec![]));
        spoiled
            .expect_recorded()
            .returning(move |_, _| Err(StoreError::Corrupt { table, column }));
        finds(spoiled, broken(2, named)).await;
    }
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
        // The last two events come after the first pass.
        let there = if asked > 2 { 5 } else { 3 };
        Ok(events[seen.min(there)..there].to_vec())
    });
    assert_eq!(verify(store).await, intact(1, 5));
}

#[tokio::test]
async fn a_store_that_cannot_answer_is_no_verdict() {
    let mut store = MockAuditStore::new();
    store
        .expect_histories()
        .returning(|_, _| Err(samples::away()));
    let verified = Audit::new(Arc::new(store))
        .verify(&mut Notes::default())
        .await;
    let away = matches!(verified, Err(VerifyFailure::Store(UseCaseError::Store(_))));
    assert!(away, "{verified:?}");
}
