//! A creation that arrives twice under one key happens once.

use countersign_domain::{
    Actor, Fingerprint, IdempotencyKey, IdempotentRequest, TenantId, TokenId, UserId,
};

use super::{StoreUnderTest, refused};
use crate::{
    ports::{CommitError, IdempotentResult},
    testing::TestTenant,
};

const BODY: &[u8] = b"{}";

fn once() -> IdempotentRequest {
    IdempotentRequest {
        key: "key".parse().unwrap(),
        fingerprint: Fingerprint::of(BODY),
    }
}

async fn make(home: &TestTenant, name: &str) -> TokenId {
    let (change, _) = home.creation(home.system(), &home.draft(name), Some(once()));
    home.commit(&change).await.unwrap();
    change.next().id
}

async fn already(home: &TestTenant, name: &str, made: TokenId) {
    let again = IdempotentRequest {
        fingerprint: Fingerprint::of(b"another body"),
        ..once()
    };
    let (change, _) = home.creation(home.system(), &home.draft(name), Some(again));
    match refused(home, &change).await {
        CommitError::AlreadyMade { token, fingerprint } => {
            assert_eq!((token, fingerprint), (made, Fingerprint::of(BODY)));
        }
        other => panic!("{other:?}"),
    }
}

/// Even after the token was revoked.
pub async fn a_key_makes_one_token(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = make(&home, "a").await;
    already(&home, "b", made).await;
    let view = home.get(made).await.unwrap();
    home.revoke(&view).await;
    already(&home, "b", made).await;
}

/// A repeated request has the same name too; the key is the better answer.
pub async fn a_key_comes_before_a_name(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = make(&home, "a").await;
    already(&home, "a", made).await;
}

/// Two clients may choose the same key.
pub async fn keys_of_two_users_do_not_clash(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    make(&home, "a").await;
    let other = home.make("other").await.view;
    let (change, _) = home.creation(home.actor(&other), &home.draft("b"), Some(once()));
    home.commit(&change).await.unwrap();
    let away = on.realm("away").await;
    make(&away, "a").await;
}

/// The change's own instant counts, and a new day begins then.
pub async fn a_key_is_free_after_a_day(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = make(&home, "a").await;
    on.clock.advance(IdempotencyKey::WINDOW_SECONDS);
    already(&home, "b", first).await;
    on.clock.advance(1);
    let second = make(&home, "b").await;
    on.clock.advance(IdempotencyKey::WINDOW_SECONDS);
    already(&home, "c", second).await;
}

/// The user's next key deletes them, so that they do not pile up; it deletes no others.
pub async fn keys_are_forgotten_after_their_day(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let other = home.make("other").await.view;
    let early = on.clock.now();
    let under = async |actor: Actor, key: &str| {
        let (tenant, user, key) = (actor.tenant, actor.user, key.parse().unwrap());
        let once = IdempotentRequest { key, ..once() };
        let draft = home.draft(once.key.as_str());
        let (change, _) = home.creation(actor, &draft, Some(once.clone()));
        home.commit(&change).await.unwrap();
        (tenant, user, once.key)
    };
    let known = async |(tenant, user, key): &(TenantId, UserId, IdempotencyKey)| {
        let found = on
            .tokens
            .find_by_idempotency_key(*tenant, *user, key, early)
            .await;
        found.unwrap().is_some()
    };
    let old = under(home.system(), "old").await;
    let others = under(home.actor(&other), "others").await;
    on.clock.advance(1);
    let young = under(home.system(), "young").await;
    on.clock.advance(IdempotencyKey::WINDOW_SECONDS);
    assert!(known(&old).await);
    let new = under(home.system(), "new").await;
    assert!(!known(&old).await);
    for key in [others, young, new] {
        assert!(known(&key).await, "{key:?}");
    }
}

/// Nothing was created, so no key is stored.
pub async fn a_refused_creation_leaves_its_key_free(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    home.make("taken").await;
    let (change, _) = home.creation(home.system(), &home.draft("taken"), Some(once()));
    let error = refused(&home, &change).await;
    assert!(matches!(error, CommitError::NameTaken), "{error:?}");
    make(&home, "free").await;
}

/// To the microsecond.
pub async fn what_was_made_is_told_as_far_back_as_asked(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let token = make(&home, "a").await;
    let (tenant, user) = (home.tenant.id, home.tenant.system.id);
    let since = on.clock.now();
    let made = async |key: &str, since| {
        let key = key.parse().unwrap();
        let made = on
            .tokens
            .find_by_idempotency_key(tenant, user, &key, since)
            .await;
        made.unwrap()
    };
    let expected = IdempotentResult {
        token,
        fingerprint: Fingerprint::of(BODY),
    };
    assert_eq!(made("key", since).await, Some(expected));
    let later = countersign_domain::Timestamp::from_micros(since.as_micros() + 1);
    assert_eq!(made("key", later.unwrap()).await, None);
    assert_eq!(made("other", since).await, None);
}
