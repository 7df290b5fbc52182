use countersign_domain::{
    Actor, Metadata, PermissionSet, Secret, Version, standard::API_TOKENS_READ,
};
use mockall::predicate::eq;

use super::*;
use crate::{
    ports::{MockClock, MockEntropy, MockSessionStore, MockTokenStore, StoreError},
    samples::{actor, now, tenant_id, token_id, user},
};

const LIMITS: SessionLimits = SessionLimits {
    idle: 600,
    longest: 3600,
};

fn secret() -> SecretDigest {
    Secret::from_random(&[1; 32]).digest()
}

fn credential() -> Credential {
    let user = user(1);
    Credential {
        tenant: tenant_id(),
        token: token_id(1),
        version: Version::FIRST,
        user: user.id,
        user_name: user.name,
        permissions: PermissionSet::from_iter([]),
        addresses: countersign_domain::AllowedAddresses::any(),
        expiry: now().plus_seconds(60),
        valid_until: None,
        created: now(),
        modified: now(),
        owner: None,
        metadata: Metadata::default(),
    }
}

fn id() -> SessionId {
    SessionId::from_random(&[7; 32])
}

/// A session that began, and was last used, so many seconds ago.
fn session(began: i64, seen: i64) -> Session {
    Session {
        digest: id().digest(),
        tenant: tenant_id(),
        token: token_id(1),
        secret: secret(),
        began: now().minus_seconds(began),
        seen: now().minus_seconds(seen),
    }
}

fn sessions(store: MockSessionStore, tokens: MockTokenStore) -> Sessions {
    let (mut clock, mut entropy) = (MockClock::new(), MockEntropy::new());
    clock.expect_now().return_const(now());
    entropy.expect_fill().returning(|buffer| {
        buffer.fill(7);
        Ok(())
    });
    Sessions::new(
        Arc::new(store),
        Arc::new(tokens),
        Arc::new(clock),
        Arc::new(entropy),
        LIMITS,
    )
}

fn holding(session: Option<Session>) -> MockSessionStore {
    let mut store = MockSessionStore::new();
    store
        .expect_session()
        .with(eq(id().digest()))
        .return_once(|_| Ok(session));
    store
}

fn knowing(credential: Option<Credential>) -> MockTokenStore {
    let mut tokens = MockTokenStore::new();
    tokens
        .expect_find()
        .with(eq(secret()))
        .return_once(|_| Ok(credential));
    tokens
}

fn reader(secret: Option<SecretDigest>) -> Authorized<ReadTokens> {
    let actor = Actor {
        secret,
        ..actor(&[API_TOKENS_READ])
    };
    actor.authorize().unwrap()
}

#[test]
fn ids_are_64_digits_and_say_nothing_of_themselves() {
    let id = id();
    assert_eq!(id.expose(), "07".repeat(32));
    assert_eq!(SessionId::parse(id.expose()).unwrap().expose(), id.expose());
    assert_eq!(format!("{id:?}"), "SessionId(hidden)");
    for odd in [
        "",
        "07",
        &"07".repeat(33),
        &"0G".repeat(32),
        &"0A".repeat(32),
    ] {
        assert!(SessionId::parse(odd).is_err(), "{odd}");
    }
}

#[tokio::test]
async fn a_session_keeps_digests_and_clears_away_what_is_over() {
    let mut store = MockSessionStore::new();
    store
        .expect_forget()
        .with(eq(now().minus_seconds(3600)), eq(now().minus_seconds(600)))
        .once()
        .returning(|_, _| Ok(()));
    store
        .expect_begin()
        .with(eq(session(0, 0)))
        .once()
        .returning(|_| Ok(()));
    let sessions = sessions(store, MockTokenStore::new());
    let begun = sessions.begin(&reader(Some(secret()))).await;
    assert_eq!(begun.unwrap().expose(), id().expose());
}

#[tokio::test]
async fn without_a_secret_there_is_no_session() {
    let sessions = sessions(MockSessionStore::new(), MockTokenStore::new());
    let begun = sessions.begin(&reader(None)).await;
    assert!(matches!(begun, Err(UseCaseError::ActorGone)));
}

#[tokio::test]
async fn it_lasts_to_the_last_second_of_its_limits() {
    for (began, seen, stands) in [
        (3599, 30, true),
        (3600, 30, false),
        (700, 599, true),
        (700, 600, false),
    ] {
        let mut store = holding(Some(session(began, seen)));
        store.expect_record_activity().returning(|_, _| Ok(()));
        let tokens = if stands {
            knowing(Some(credential()))
        } else {
            MockTokenStore::new()
        };
        let standing = sessions(store, tokens).resume(&id()).await.unwrap();
        assert_eq!(standing.is_some(), stands, "{began} {seen}");
    }
}

/// Otherwise a row with a date far ahead would be a session without an end.
#[tokio::test]
async fn it_does_not_come_from_the_future() {
    for (began, seen, stands) in [
        (-60, -60, true),
        (-61, -60, false),
        (-60, -61, false),
        (-2_000_000_000, 30, false),
        (30, -2_000_000_000, false),
    ] {
        let store = holding(Some(session(began, seen)));
        let tokens = if stands {
            knowing(Some(credential()))
        } else {
            MockTokenStore::new()
        };
        let standing = sessions(store, tokens).resume(&id()).await.unwrap();
        assert_eq!(standing.is_some(), stands, "{began} {seen}");
    }
}

#[tokio::test]
async fn it_ends_with_what_it_stands_for() {
    let gone = sessions(holding(Some(session(9, 9))), knowing(None));
    assert!(gone.resume(&id()).await.unwrap().is_none());
    let unknown = sessions(holding(None), MockTokenStore::new());
    assert!(unknown.resume(&id()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute() {
    for (seen, notes) in [(59, 0), (60, 1)] {
        let mut store = holding(Some(session(90, seen)));
        store
            .expect_record_activity()
            .with(eq(id().digest()), eq(now()))
            .times(notes)
            .returning(|_, _| Ok(()));
        let standing = sessions(store, knowing(Some(credential())))
            .resume(&id())
            .await;
        assert_eq!(standing.unwrap().unwrap().digest, secret());
    }
}

#[tokio::test]
async fn a_use_that_cannot_be_noted_keeps_nobody_out() {
    let mut store = holding(Some(session(90, 90)));
    store
        .expect_record_activity()
        .once()
        .returning(|_, _| Err(StoreError::Unavailable("read-only".into())));
    let standing = sessions(store, knowing(Some(credential())))
        .resume(&id())
        .await;
    assert!(standing.unwrap().is_some());
}

#[tokio::test]
async fn a_store_that_is_away_is_no_end_of_a_session() {
    let away = || StoreError::Unavailable("away".into());
    let mut store = MockSessionStore::new();
    store.expect_session().return_once(move |_| Err(away()));
    let resumed = sessions(store, MockTokenStore::new()).resume(&id()).await;
    assert!(matches!(resumed, Err(UseCaseError::Store(_))));
    let mut tokens = MockTokenStore::new();
    tokens.expect_find().return_once(move |_| Err(away()));
    let resumed = sessions(holding(Some(session(9, 9))), tokens)
        .resume(&id())
        .await;
    assert!(matches!(resumed, Err(UseCaseError::Store(_))));
}

#[tokio::test]
async fn it_is_ended_by_its_digest() {
    let mut store = MockSessionStore::new();
    store
        .expect_end()
        .with(eq(id().digest()))
        .once()
        .returning(|_| Ok(()));
    sessions(store, MockTokenStore::new())
        .end(&id())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_over() {
    let mut store = MockSessionStore::new();
    store.expect_session().return_once(|_| {
        Err(StoreError::Corrupt {
            table: "sessions",
            column: "seen_at",
        })
    });
    let resumed = sessions(store, MockTokenStore::new()).resume(&id()).await;
    assert!(resumed.unwrap().is_none());
}
