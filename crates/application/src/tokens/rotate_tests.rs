//! The rotation: what is committed, what is announced, and that a refusal commits nothing.

use countersign_domain::{Actor, Overlap, Permission, RefusalKind, Write, standard::*};

use super::*;
use crate::{
    UseCaseError,
    ports::{CommitError, MockInvalidator, MockTokenStore, StoreError},
    samples::{self, actor, request_id, token_id, tokens, view, with_invalidator},
};

const WRITER: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ];

type Answer = fn() -> Result<(), CommitError>;

fn answering(answer: Answer) -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    store.expect_commit().times(1).returning(move |_| answer());
    store.expect_descends().returning(|_, _, _| Ok(false));
    store
}

fn untouched() -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    store.expect_commit().never();
    store.expect_descends().returning(|_, _, _| Ok(false));
    store
}

async fn rotate(tokens: Tokens, actor: Actor, version: i64) -> Result<IssuedToken, UseCaseError> {
    let target = (token_id(2), version.try_into().unwrap());
    let overlap = Overlap::try_from(60).unwrap();
    let by = actor.authorize().unwrap();
    tokens.rotate(&by, request_id(), target, overlap).await
}

#[tokio::test]
async fn commits_the_digest_of_the_secret_that_it_hands_out() {
    let mut store = MockTokenStore::new();
    store
        .expect_descends()
        .times(1)
        .returning(|_, _, _| Ok(false));
    store
        .expect_get()
        .times(1)
        .returning(|_, _| Ok(Some(view(2, 3))));
    store
        .expect_commit()
        .times(1)
        .withf(|change| {
            let Write::Rotate {
                expected,
                digest,
                valid_until,
            } = change.write()
            else {
                return false;
            };
            let secret = countersign_domain::Secret::from_random(&[7; 32]);
            expected.get() == 3
                && *digest == secret.digest()
                && *valid_until == samples::now().plus_seconds(60)
        })
        .returning(|_| Ok(()));
    let made = rotate(tokens(store), actor(WRITER), 3).await.unwrap();
    assert_eq!(made.view.token.version.get(), 4);
    assert_eq!(made.view.token.partial, made.secret.masked());
}

#[tokio::test]
async fn what_is_or_may_be_stored_is_announced_and_nothing_else() {
    let unknown = || Err(CommitError::OutcomeUnknown("cut".into()));
    let away = || Err(CommitError::Fault(StoreError::Unavailable("away".into())));
    let cases: [(Answer, usize, usize); 4] = [
        (|| Ok(()), 1, 0),
        (unknown, 0, 1),
        (away, 0, 0),
        (|| Err(CommitError::ActorGone), 0, 0),
    ];
    for (answer, stored, in_doubt) in cases {
        let mut invalidator = MockInvalidator::new();
        invalidator
            .expect_stored()
            .withf(|change| change.next().id == token_id(2))
            .times(stored)
            .return_const(());
        invalidator
            .expect_in_doubt()
            .withf(|change| change.next().id == token_id(2))
            .times(in_doubt)
            .return_const(());
        // The announcer counts; the outcome itself is told elsewhere.
        drop(
            rotate(
                with_invalidator(answering(answer), invalidator),
                actor(WRITER),
                3,
            )
            .await,
        );
    }
}

#[tokio::test]
async fn refused_means_that_nothing_is_committed() {
    let refused = rotate(tokens(untouched()), actor(&[API_TOKENS_WRITE]), 3).await;
    let Err(UseCaseError::Refused(refused)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.gravity(), RefusalKind::PermissionNotHeld);
    let stale = rotate(tokens(untouched()), actor(WRITER), 2).await;
    assert!(matches!(stale, Err(UseCaseError::Stale { stored, .. }) if stored.get() == 3));
}

#[tokio::test]
async fn the_loser_of_a_race_learns_the_stored_version() {
    let store = answering(|| {
        Err(CommitError::Stale {
            stored: 4.try_into().unwrap(),
        })
    });
    let stale = rotate(tokens(store), actor(WRITER), 3).await;
    assert!(matches!(stale, Err(UseCaseError::Stale { .. })));
}

#[tokio::test]
async fn an_ancestor_is_not_rotated_and_nothing_is_without_the_history() {
    type Answer = fn() -> Result<bool, StoreError>;
    let cases: [(Answer, bool); 2] = [(|| Ok(true), true), (|| Err(samples::away()), false)];
    for (answer, refused) in cases {
        let mut store = MockTokenStore::new();
        store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
        store.expect_commit().never();
        store
            .expect_descends()
            .times(1)
            .withf(|_, token, ancestor| (*token, *ancestor) == (token_id(1), token_id(2)))
            .returning(move |_, _, _| answer());
        match rotate(tokens(store), actor(WRITER), 3).await {
            Err(UseCaseError::Refused(why)) if refused => {
                assert_eq!(why.gravity(), RefusalKind::AncestorProtected);
            }
            Err(UseCaseError::Store(_)) if !refused => {}
            other => panic!("{other:?}"),
        }
    }
}
