//! Revoking: of any version or of one, and against others who change the token meanwhile.

use countersign_domain::{RevocableToken, Write, standard::*};

use crate::{
    UseCaseError,
    ports::{CommitError, MockTokenStore, StoreError},
    samples::{self, by, request_id, token_id, tokens, view},
};

async fn revoke(store: MockTokenStore, expected: Option<i64>) -> Result<(), UseCaseError> {
    let expected = expected.map(|version| version.try_into().unwrap());
    tokens(store)
        .revoke(
            by(&[API_TOKENS_DELETE]),
            request_id(),
            token_id(2),
            expected,
        )
        .await
}

/// A store in which somebody else changes the token before each of our commits, so many times.
fn contended(times: i64) -> MockTokenStore {
    let mut store = MockTokenStore::new();
    let mut stored = 0;
    store.expect_get().returning(move |_, _| {
        stored += 1;
        Ok(Some(view(2, stored)))
    });
    store
        .expect_commit()
        .returning(move |change| match change.write() {
            Write::Revoke { expected } if expected.get() > times => Ok(()),
            _ => Err(CommitError::Stale {
                stored: change.next().version,
            }),
        });
    store
}

#[tokio::test]
async fn revokes_what_is_stored() {
    for expected in [None, Some(3)] {
        let mut store = MockTokenStore::new();
        store
            .expect_get()
            .times(1)
            .returning(|_, _| Ok(Some(view(2, 3))));
        store
            .expect_commit()
            .times(1)
            .withf(|change| matches!(change.write(), Write::Revoke { expected } if expected.get() == 3))
            .returning(|_| Ok(()));
        assert!(revoke(store, expected).await.is_ok());
    }
}

#[tokio::test]
async fn another_version_than_the_named_one_is_not_revoked() {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    store.expect_commit().never();
    match revoke(store, Some(2)).await {
        Err(UseCaseError::Stale {
            stored,
            current: None,
        }) => assert_eq!(stored.get(), 3),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_a_version_it_follows_the_record() {
    assert!(revoke(contended(100), None).await.is_ok());
    assert!(
        matches!(
            revoke(contended(1000), None).await,
            Err(UseCaseError::Stale { .. })
        ),
        "but not for ever"
    );
    assert!(matches!(
        revoke(contended(5), Some(1)).await,
        Err(UseCaseError::Stale { .. })
    ));
}

#[tokio::test]
async fn unknown_and_unanswered_are_told_apart() {
    let mut missing = MockTokenStore::new();
    missing.expect_get().returning(|_, _| Ok(None));
    missing.expect_commit().never();
    assert!(matches!(
        revoke(missing, None).await,
        Err(UseCaseError::TokenNotFound)
    ));
    let mut broken = MockTokenStore::new();
    broken.expect_get().returning(|_, _| Err(samples::away()));
    broken.expect_commit().never();
    assert!(matches!(
        revoke(broken, None).await,
        Err(UseCaseError::Store(_))
    ));
}

/// A store that cannot read the name of a token of version 3, of which others make further ones.
fn unreadable(overtaken: usize) -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| {
        Err(StoreError::Corrupt {
            table: "api_tokens",
            column: "name",
        })
    });
    store.expect_revocable().returning(|_, id| {
        Ok(Some(RevocableToken {
            id,
            version: 3,
            newest_event: 3,
            head: None,
        }))
    });
    store.expect_commit().never();
    let mut tries = 0;
    store.expect_force_revocation().returning(move |forced| {
        tries += 1;
        if tries <= overtaken {
            let stored = forced.event().content.version_after;
            return Err(CommitError::Stale { stored });
        }
        Ok(())
    });
    store
}

#[tokio::test]
async fn what_cannot_be_read_is_revoked_by_its_id() {
    for overtaken in [0, 5] {
        assert!(revoke(unreadable(overtaken), None).await.is_ok());
    }
    assert!(revoke(unreadable(0), Some(3)).await.is_ok());
    let mut other = unreadable(0);
    other.expect_force_revocation().never();
    assert!(matches!(
        revoke(other, Some(2)).await,
        Err(UseCaseError::Stale { stored, current: None }) if stored.get() == 3
    ));
}
