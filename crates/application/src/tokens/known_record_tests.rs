//! What was read or written a moment ago is not read again for an update, and is believed by nobody
//! but the commit that compares its version.

use std::time::Duration;

use countersign_domain::{Actor, Permission, TenantId, TokenUpdate, standard::*};
use mockall::Sequence;

use super::*;
use crate::{
    UseCaseError,
    ports::{CommitError, MockTokenStore, StoreError},
    samples::{self, actor, by, rename, request_id, token_id, tokens, view},
};

const WRITER: &[Permission] = &[API_TOKENS_WRITE, API_TOKENS_READ, TASKS_READ];

/// Answers reads by these versions of token 2, and commits like this, each once and no more.
fn store(reads: &[i64], commits: Vec<fn() -> Result<(), CommitError>>) -> MockTokenStore {
    let (mut store, mut sequence) = (MockTokenStore::new(), Sequence::new());
    for version in reads.iter().copied() {
        store
            .expect_get()
            .times(1)
            .in_sequence(&mut sequence)
            .returning(move |_, _| Ok(Some(view(2, version))));
    }
    let mut sequence = Sequence::new();
    for answer in commits {
        store
            .expect_commit()
            .times(1)
            .in_sequence(&mut sequence)
            .returning(move |_| answer());
    }
    store.expect_dry_run().returning(|_| Ok(()));
    store
}

async fn update(
    tokens: &Tokens,
    actor: Actor,
    version: i64,
    edit: &TokenUpdate,
    dry_run: bool,
) -> Result<i64, UseCaseError> {
    let target = (token_id(2), version.try_into().unwrap());
    let by = actor.authorize().unwrap();
    let updated = tokens.update(by, request_id(), target, edit, dry_run);
    updated
        .await
        .map(|updated| updated.view.token.version.get())
}

const STORED: fn() -> Result<(), CommitError> = || Ok(());

#[tokio::test(start_paused = true)]
async fn an_update_of_what_was_just_read_or_written_reads_nothing() {
    let tokens = tokens(store(&[3], vec![STORED, STORED, STORED]));
    tokens.get(&by(WRITER), token_id(2)).await.unwrap();
    for version in 3..6 {
        let edit = rename(&format!("name {version}"));
        let updated = update(&tokens, actor(WRITER), version, &edit, false).await;
        assert_eq!(updated.unwrap(), version + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_longer_ago_is_read() {
    let tokens = tokens(store(&[3, 4], vec![STORED, STORED]));
    update(&tokens, actor(WRITER), 3, &rename("one"), false)
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    update(&tokens, actor(WRITER), 4, &rename("two"), false)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stale_guess_is_answered_like_any_stale_version() {
    let overtaken = || {
        let stored = 9.try_into().unwrap();
        Err(CommitError::Stale { stored })
    };
    let tokens = tokens(store(&[3, 9], vec![STORED, overtaken]));
    update(&tokens, actor(WRITER), 3, &rename("one"), false)
        .await
        .unwrap();
    match update(&tokens, actor(WRITER), 4, &rename("two"), false).await {
        Err(UseCaseError::Stale { stored, current }) => {
            assert_eq!(stored.get(), 9);
            assert_eq!(current.map(|current| *current), Some(view(2, 9)));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_given_by_a_guess_alone() {
    // Refused, nothing to change, and a dry run: by then another version is stored.
    let cases = [
        (rename(" "), false),
        (rename("one"), false),
        (rename("two"), true),
    ];
    for (edit, dry_run) in cases {
        let tokens = tokens(store(&[3, 9], vec![STORED]));
        update(&tokens, actor(WRITER), 3, &rename("one"), false)
            .await
            .unwrap();
        let answer = update(&tokens, actor(WRITER), 4, &edit, dry_run).await;
        let stale = matches!(&answer, Err(UseCaseError::Stale { stored, .. }) if stored.get() == 9);
        assert!(stale, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_is_known_within_its_tenant() {
    let mut store = store(&[3], vec![STORED]);
    store.expect_get().returning(|_, _| Ok(None));
    let tokens = tokens(store);
    update(&tokens, actor(WRITER), 3, &rename("one"), false)
        .await
        .unwrap();
    let stranger = Actor {
        tenant: TenantId::new(samples::now(), &[8; 10]),
        ..actor(WRITER)
    };
    let answer = update(&tokens, stranger, 4, &rename("two"), false).await;
    assert!(
        matches!(answer, Err(UseCaseError::TokenNotFound)),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_fault_all_is_read() {
    let faults: [fn() -> Result<(), CommitError>; 2] = [
        || Err(CommitError::Fault(StoreError::Unavailable("away".into()))),
        || Err(CommitError::OutcomeUnknown("cut".into())),
    ];
    for fault in faults {
        let tokens = tokens(store(&[3, 4], vec![STORED, fault, STORED]));
        update(&tokens, actor(WRITER), 3, &rename("one"), false)
            .await
            .unwrap();
        update(&tokens, actor(WRITER), 4, &rename("two"), false)
            .await
            .unwrap_err();
        update(&tokens, actor(WRITER), 4, &rename("two"), false)
            .await
            .unwrap();
    }
}
