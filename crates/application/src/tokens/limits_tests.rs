//! Which changes are counted, as how many, and that whoever reaches the limit stores nothing.

use countersign_domain::{
    Actor, Authorized, NewToken, Operation, Overlap, PartialToken, Permission, SecretChoice,
    TokenUpdate, WrittenAnnotations, standard::*,
};

use super::*;
use crate::{
    UseCaseError,
    ports::MockTokenStore,
    samples::{actor, rename, request_id, tenant_id, token_id, tokens, user, view},
};

const ROOT: &[Permission] = &[
    API_TOKENS_READ,
    API_TOKENS_WRITE,
    API_TOKENS_DELETE,
    TASKS_READ,
];
const BLIND: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ];

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// Use cases over a store that takes every change, with a limit per minute.
fn limited(per_minute: u32) -> Tokens {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    store.expect_commit().returning(|_| Ok(()));
    store.expect_dry_run().returning(|_| Ok(()));
    store.expect_secrets().returning(|_, _, _| Ok(vec![]));
    store.expect_descends().returning(|_, _, _| Ok(false));
    tokens(store).with_change_limit(number(per_minute))
}

async fn change(
    tokens: &Tokens,
    by: Actor,
    edit: &TokenUpdate,
    dry_run: bool,
) -> Result<(), UseCaseError> {
    let target = (token_id(2), 3.try_into().unwrap());
    let by = by.authorize().unwrap();
    let updated = tokens.update(by, request_id(), target, edit, dry_run);
    updated.await.map(drop)
}

fn by(token: u8) -> Actor {
    Actor {
        token: Some(token_id(token)),
        ..actor(ROOT)
    }
}

fn proof<O: Operation>(token: u8) -> Authorized<O> {
    by(token).authorize().unwrap()
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
async fn what_changes_nothing_and_what_revokes_is_not_counted() {
    let tokens = limited(1);
    for _ in 0..100 {
        let same = rename(view(2, 3).token.name.as_str());
        change(&tokens, by(1), &same, false).await.unwrap();
        let revoked = tokens.revoke(proof(1), request_id(), token_id(2), None);
        revoked.await.unwrap();
        let tried = tokens.revoke_dry_run(proof(1), request_id(), token_id(2), None);
        tried.await.unwrap();
        let refused = change(&tokens, by(1), &rename(""), false).await;
        assert!(matches!(refused, Err(UseCaseError::Refused(_))));
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
    let revoked = tokens.revoke(proof(1), request_id(), token_id(2), None);
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

/// How many of an attempt are answered before the limit is reached, of ten that are allowed.
async fn answered<F: Future<Output = Result<(), UseCaseError>>>(attempt: impl Fn() -> F) -> u32 {
    for answered in 0..20 {
        if let Err(UseCaseError::TooManyChanges(_)) = attempt().await {
            return answered;
        }
    }
    20
}

#[tokio::test]
async fn a_dry_run_counts_like_its_change() {
    let target = (token_id(2), 3.try_into().unwrap());
    let draft = NewToken {
        name: "new".into(),
        expiry: crate::samples::now().plus_seconds(60),
        allowed_addresses: vec![],
        permissions: vec!["api.tasks.read".into()],
        annotations: WrittenAnnotations::default(),
    };
    let (draft, none) = (&draft, Overlap::NONE);
    let updates = limited(1);
    let other = rename("other");
    let update = || change(&updates, by(1), &other, true);
    assert_eq!(answered(update).await, 10);
    let unchanged = limited(1);
    let same = rename(view(2, 3).token.name.as_str());
    assert_eq!(
        answered(|| change(&unchanged, by(1), &same, true)).await,
        10
    );
    let created = limited(1);
    let create = || created.create_dry_run(proof(1), request_id(), draft, None);
    assert_eq!(answered(create).await, 10);
    let rotated = limited(1);
    let by = proof(1);
    let rotate = || rotated.rotate_dry_run(&by, request_id(), target, none);
    assert_eq!(answered(rotate).await, 10);
}

/// Whether a value is the stored one, or would widen the token, is answered ten times a minute,
/// however it is asked.
#[tokio::test]
async fn what_a_blind_writer_learns_of_a_record_is_counted() {
    let blind = || Actor {
        token: Some(token_id(1)),
        ..actor(BLIND)
    };
    let same = rename(view(2, 3).token.name.as_str());
    let far = TokenUpdate {
        expiry: Some("2026-11-01T00:00:01Z".parse().unwrap()),
        permissions: Some(vec!["no.such".into()]),
        ..same.clone()
    };
    for edit in [same, far] {
        let tokens = limited(1);
        let attempt = || change(&tokens, blind(), &edit, false);
        assert_eq!(answered(attempt).await, 10, "{edit:?}");
    }
    let guess = SecretChoice::Partial(PartialToken::parse("csg_…0000").unwrap());
    let commitment = SecretChoice::Commitment("0".repeat(64).parse().unwrap());
    let retired = |by: Actor, choice: SecretChoice| async move {
        let (tokens, by) = (&limited(1), by.authorize().unwrap());
        let retire = || {
            let ended = tokens.retire(&by, request_id(), (token_id(2), None), &choice);
            async { ended.await.map(drop) }
        };
        answered(retire).await
    };
    assert_eq!(retired(blind(), guess.clone()).await, 10);
    assert_eq!(retired(blind(), commitment).await, 20);
    assert_eq!(retired(by(1), guess).await, 20);
}
