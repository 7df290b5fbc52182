//! Making a token: the secret shows once, a key counts once, a refusal writes nothing.

use countersign_domain::{
    Fingerprint, IdempotentRequest, NewToken, Write, WrittenAnnotations, standard::*,
};

use super::*;
use crate::{
    UseCaseError,
    ports::{CommitError, EntropyError, IdempotentResult, MockEntropy, MockTokenStore, StoreError},
    samples::{self, by, request_id, token_id, tokens},
};

fn draft() -> NewToken {
    NewToken {
        name: "new".into(),
        expiry: "2027-01-01T00:00:00Z".parse().unwrap(),
        allowed_addresses: vec![],
        permissions: vec!["api.tasks.read".into()],
        annotations: WrittenAnnotations::default(),
    }
}

fn once(body: &[u8]) -> IdempotentRequest {
    IdempotentRequest {
        key: "key-1".parse().unwrap(),
        fingerprint: Fingerprint::of(body),
    }
}

fn untouched() -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store.expect_commit().never();
    store
}

async fn create(
    store: MockTokenStore,
    draft: &NewToken,
    once: Option<IdempotentRequest>,
) -> Result<IssuedToken, UseCaseError> {
    tokens(store)
        .create(
            by(&[API_TOKENS_WRITE, TASKS_READ]),
            request_id(),
            draft,
            once,
        )
        .await
}

#[tokio::test]
async fn stores_the_digest_and_shows_the_secret() {
    let mut store = MockTokenStore::new();
    store
        .expect_commit()
        .times(1)
        .withf(|change| matches!(change.write(), Write::Create { once: None, .. }))
        .returning(|_| Ok(()));
    let made = create(store, &draft(), None).await.unwrap();
    assert_eq!(made.view.token.partial, made.secret.masked());
    assert_eq!(
        (made.view.token.created, made.view.token.version.get()),
        (samples::now(), 1)
    );
    assert_eq!(made.view.created_by, samples::user(1));
}

#[tokio::test]
async fn refusals_commit_nothing() {
    let cases = [
        NewToken {
            name: String::new(),
            ..draft()
        },
        NewToken {
            expiry: samples::now(),
            ..draft()
        },
        NewToken {
            allowed_addresses: vec!["x".into()],
            ..draft()
        },
        NewToken {
            permissions: vec!["api.users.read".into()],
            ..draft()
        },
        NewToken {
            permissions: vec![],
            ..draft()
        },
    ];
    for refused in cases {
        assert!(
            matches!(
                create(untouched(), &refused, None).await,
                Err(UseCaseError::Refused(_))
            ),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_was_used_makes_nothing_even_where_the_rules_would_now_refuse() {
    for (body, same) in [(&b"a"[..], true), (b"b", false)] {
        let mut store = untouched();
        store
            .expect_find_by_idempotency_key()
            .times(1)
            .returning(|tenant, _, key, since| {
                assert_eq!((tenant, key.as_str()), (samples::tenant_id(), "key-1"));
                assert_eq!(since.to_string(), "2026-05-31T12:00:00Z");
                Ok(Some(IdempotentResult {
                    token: token_id(5),
                    fingerprint: Fingerprint::of(b"a"),
                }))
            });
        let refused = NewToken {
            permissions: vec![],
            ..draft()
        };
        match create(store, &refused, Some(once(body))).await {
            Err(UseCaseError::AlreadyMade { token }) if same => assert_eq!(token, token_id(5)),
            Err(UseCaseError::KeyReused) if !same => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_that_is_used_meanwhile_makes_nothing() {
    for (body, same) in [(&b"a"[..], true), (b"b", false)] {
        let mut store = MockTokenStore::new();
        store
            .expect_find_by_idempotency_key()
            .returning(|_, _, _, _| Ok(None));
        store.expect_commit().times(1).returning(|_| {
            Err(CommitError::AlreadyMade {
                token: token_id(5),
                fingerprint: Fingerprint::of(b"a"),
            })
        });
        match create(store, &draft(), Some(once(body))).await {
            Err(UseCaseError::AlreadyMade { token }) if same => assert_eq!(token, token_id(5)),
            Err(UseCaseError::KeyReused) if !same => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_store_that_cannot_tell_of_a_key_makes_nothing() {
    let mut store = untouched();
    store
        .expect_find_by_idempotency_key()
        .returning(|_, _, _, _| Err(samples::away()));
    let answer = create(store, &draft(), Some(once(b"a"))).await;
    assert!(matches!(
        answer,
        Err(UseCaseError::Store(StoreError::Unavailable(_)))
    ));
}

#[tokio::test]
async fn without_randomness_nothing_is_made() {
    let mut entropy = MockEntropy::new();
    entropy.expect_fill().returning(|_| Err(EntropyError));
    let tokens = Tokens {
        entropy: Arc::new(entropy),
        ..tokens(untouched())
    };
    let answer = tokens
        .create(
            by(&[API_TOKENS_WRITE, TASKS_READ]),
            request_id(),
            &draft(),
            None,
        )
        .await;
    assert!(matches!(answer, Err(UseCaseError::Entropy(EntropyError))));
}

#[tokio::test]
async fn a_failed_commit_shows_no_secret() {
    let mut store = MockTokenStore::new();
    store
        .expect_commit()
        .times(1)
        .returning(|_| Err(CommitError::OutcomeUnknown("cut".into())));
    let failure = create(store, &draft(), None).await.unwrap_err();
    assert!(matches!(failure, UseCaseError::OutcomeUnknown(_)));
    assert!(!format!("{failure:?} {failure}").contains("csg_"));
}
