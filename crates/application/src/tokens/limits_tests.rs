//! Which changes are counted, as how many, and that whoever reaches the limit stores nothing.

use countersign_domain::{Actor, Permission, TokenUpdate, standard::*};

use super::*;
use crate::{
    UseCaseError,
    ports::MockTokenStore,
    samples::{actor, rename, request_id, tenant_id, token_id, tokens, user, view},
};

const ROOT: &[Permission] = &[API_TOKENS_WRITE, API_TOKENS_DELETE, TASKS_READ];

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// Use cases over a store that takes every change, with a limit per minute.
fn limited(per_minute: u32) -> Tokens {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    store.expect_commit().returning(|_| Ok(()));
    store.expect_dry_run().returning(|_| Ok(()));
    tokens(store).with_change_limit(number(per_minute))
}

async fn change(
    tokens: &Tokens,
    by: Actor,
    edit: &TokenUpdate,
    dry_run: bool,
) -> Result<(), UseCaseError> {
    let target = (token_id(2), 3.try_into().unwrap());
    let updated = tokens.update(by, request_id(), target, edit, dry_run);
    updated.await.map(drop)
}

fn by(token: u8) -> Actor {
    Actor {
        token: Some(token_id(token)),
        ..actor(ROOT)
    }
}

#[tokio::test]
async fn a_token_changes_ten_minutes_worth_at_once_and_no_more() {
    let tokens = limited(3);
    let edit = rename("other");
    for _ in 0..30 {
        change(&tokens, by(1), &edit, false).await.unwrap();
    }
    let failure = change(&tokens, by(1), &edit, false).await.unwrap_err();
    let UseCaseError::TooManyChanges(reached) = failure else {
        panic!("{failure}")
    };
    assert_eq!((reached.policy, reached.per_minute), ("changes", number(3)));
    assert!((1..=21).contains(&reached.wait_seconds), "{reached:?}");
    // A clone counts together with it, another token by itself.
    let again = change(&tokens.clone(), by(1), &edit, false).await;
    assert!(matches!(again, Err(UseCaseError::TooManyChanges(_))));
    change(&tokens, by(3), &edit, false).await.unwrap();
}

#[tokio::test]
async fn what_stores_no_event_and_what_revokes_is_not_counted() {
    let tokens = limited(1);
    for _ in 0..100 {
        change(&tokens, by(1), &rename("other"), true)
            .await
            .unwrap();
        let same = rename(view(2, 3).token.name.as_str());
        change(&tokens, by(1), &same, false).await.unwrap();
        let revoked = tokens.revoke(by(1), request_id(), token_id(2), None);
        revoked.await.unwrap();
    }
    for _ in 0..10 {
        change(&tokens, by(1), &rename("other"), false)
            .await
            .unwrap();
    }
    assert!(
        change(&tokens, by(1), &rename("other"), false)
            .await
            .is_err()
    );
    let revoked = tokens.revoke(by(1), request_id(), token_id(2), None);
    revoked
        .await
        .expect("the way to end a leak is never closed");
}

#[tokio::test]
async fn a_large_change_counts_as_several() {
    let tokens = limited(1);
    let addresses = (0..100).map(|n| format!("2001:db8:1111:2222:3333:4444:5555:{:x}", 0xf000 + n));
    let large = TokenUpdate {
        allowed_addresses: Some(addresses.collect()),
        ..rename("other")
    };
    let mut stored = 0;
    while change(&tokens, by(1), &large, false).await.is_ok() {
        stored += 1;
    }
    assert_eq!(stored, 5, "of ten portions of 4 KiB, two each");
}

#[tokio::test]
async fn the_tokens_of_a_tenant_together_change_ten_times_as_much_as_one() {
    let tokens = limited(1);
    let edit = rename("other");
    let mut stored = 0;
    for token in 10..40 {
        while change(&tokens, by(token), &edit, false).await.is_ok() {
            stored += 1;
        }
    }
    assert_eq!(stored, 100);
    let elsewhere = Actor {
        tenant: countersign_domain::TenantId::new(crate::samples::now(), &[8; 10]),
        ..by(50)
    };
    assert_ne!(elsewhere.tenant, tenant_id());
    change(&tokens, elsewhere, &edit, false).await.unwrap();
    // An operator's own command is no token's.
    let system = Actor::system(tenant_id(), user(1), actor(ROOT).permissions);
    change(&tokens, system, &edit, false).await.unwrap();
}
