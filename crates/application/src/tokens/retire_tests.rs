//! Ending secrets: what is decided by what is stored, against others who change the token
//! meanwhile.

use countersign_domain::{
    RevocableToken, Secret, SecretChoice, SecretDigest, SecretView, Version, Write, standard::*,
};

use crate::{
    UseCaseError,
    ports::{CommitError, MockTokenStore, StoreError},
    samples::{by, now, request_id, token_id, tokens, view},
};

fn secret(n: u8) -> Secret {
    Secret::from_random(&[n; 32])
}

fn digest(n: u8) -> SecretDigest {
    secret(n).digest()
}

/// Secret 2 is the newest, and secret 1 has an hour to go.
fn works(n: u8) -> SecretView {
    SecretView {
        digest: Some(digest(n)),
        partial: secret(n).masked(),
        created: now().minus_seconds(60),
        valid_until: (n == 1).then(|| now().plus_seconds(3600)),
        last_used: None,
    }
}

fn store() -> MockTokenStore {
    let mut store = MockTokenStore::new();
    let secrets = || Ok(vec![works(2), works(1)]);
    store.expect_secrets().returning(move |_, _, _| secrets());
    store
}

async fn retire(
    store: MockTokenStore,
    n: u8,
    expected: Option<i64>,
) -> Result<Version, UseCaseError> {
    let expected = expected.map(|version| version.try_into().unwrap());
    let choice = SecretChoice::Partial(secret(n).masked());
    let by = by(&[API_TOKENS_WRITE]);
    tokens(store)
        .retire(&by, request_id(), (token_id(2), expected), &choice)
        .await
}

async fn end(store: MockTokenStore, n: u8) -> Result<(), UseCaseError> {
    let by = by(&[API_TOKENS_DELETE]);
    tokens(store)
        .end_secret(&by, request_id(), token_id(2), &digest(n))
        .await
}

#[tokio::test]
async fn a_replaced_secret_ends_and_the_newest_does_not() {
    for (n, expected, wanted) in [(1, None, true), (1, Some(3), true), (1, Some(2), false)] {
        let mut store = store();
        store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
        store
            .expect_commit()
            .times(usize::from(wanted))
            .returning(|change| {
                assert!(
                    matches!(change.write(), Write::Retire { digest: of, .. } if *of == digest(1))
                );
                Ok(())
            });
        match retire(store, n, expected).await {
            Ok(version) => assert_eq!(version.get(), 4),
            Err(UseCaseError::Stale { stored, .. }) => assert!(!wanted && stored.get() == 3),
            Err(other) => panic!("{other:?}"),
        }
    }
    let mut newest = store();
    newest.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    newest.expect_commit().never();
    let refused = retire(newest, 2, None).await;
    assert!(matches!(refused, Err(UseCaseError::Refused(_))));
    let mut unknown = store();
    unknown.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    unknown.expect_commit().never();
    let refused = retire(unknown, 3, None).await;
    assert!(matches!(refused, Err(UseCaseError::SecretNotFound)));
}

/// Facts that say otherwise do not count: a rotation may have come since.
#[tokio::test]
async fn what_is_stored_decides_whether_the_token_ends_too() {
    let mut store = MockTokenStore::new();
    let mut asked = 0;
    store.expect_secrets().returning(move |_, _, _| {
        asked += 1;
        // The secret is the newest until somebody rotates between the first look and the commit.
        let newest = SecretView {
            valid_until: None,
            ..works(1)
        };
        Ok(if asked == 1 {
            vec![newest]
        } else {
            vec![works(2), works(1)]
        })
    });
    let mut stored = 2;
    store.expect_get().returning(move |_, _| {
        stored += 1;
        Ok(Some(view(2, stored)))
    });
    store
        .expect_commit()
        .returning(|change| match change.write() {
            Write::Revoke { expected } if expected.get() == 3 => Err(CommitError::Stale {
                stored: change.next().version,
            }),
            Write::Retire { expected, .. } if expected.get() == 4 => Ok(()),
            other => panic!("{other:?}"),
        });
    assert!(end(store, 1).await.is_ok());
}

/// The newest secret ends a token whose record cannot be read; an older one does not.
#[tokio::test]
async fn what_cannot_be_read_ends_by_its_newest_secret() {
    for (n, wanted) in [(2, true), (1, false)] {
        let mut store = store();
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
        let forced = store.expect_force_revocation();
        forced.times(usize::from(wanted)).returning(|_| Ok(()));
        match end(store, n).await {
            Ok(()) => assert!(wanted),
            Err(UseCaseError::Unreadable(_)) => assert!(!wanted),
            Err(other) => panic!("{other:?}"),
        }
    }
}
