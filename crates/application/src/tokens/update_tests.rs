//! The update: what is committed, what is not, and what each loser learns.

use countersign_domain::{
    Actor, Permission, RefusalKind, TokenUpdate, Write, WriteTokens, standard::*,
};
use mockall::predicate::eq;

use super::*;
use crate::{
    UseCaseError,
    ports::{CommitError, MockTokenStore, StoreError},
    samples::{self, actor, by, rename, request_id, tenant_id, token_id, tokens, view},
};

const WRITER: &[Permission] = &[API_TOKENS_WRITE, TASKS_READ];

/// A store that holds token 2 at version 3 and refuses to be written to.
fn untouched() -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store
        .expect_get()
        .with(eq(tenant_id()), eq(token_id(2)))
        .returning(|_, _| Ok(Some(view(2, 3))));
    store.expect_commit().never();
    store.expect_dry_run().returning(|_| Ok(()));
    store.expect_descends().returning(|_, _, _| Ok(false));
    store
}

/// A store that holds token 2 at version 3 and answers a commit so.
fn answering(answer: fn() -> Result<(), CommitError>) -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    store.expect_commit().times(1).returning(move |_| answer());
    store.expect_descends().returning(|_, _, _| Ok(false));
    store
}

async fn update(
    store: MockTokenStore,
    actor: Actor,
    version: i64,
    edit: &TokenUpdate,
    dry: bool,
) -> Result<UpdateResult, UseCaseError> {
    let target = (token_id(2), version.try_into().unwrap());
    tokens(store)
        .update(actor.authorize().unwrap(), request_id(), target, edit, dry)
        .await
}

#[tokio::test]
async fn commits_one_change_and_answers_without_a_second_read() {
    let mut store = MockTokenStore::new();
    store
        .expect_get()
        .times(1)
        .returning(|_, _| Ok(Some(view(2, 3))));
    store
        .expect_commit()
        .times(1)
        .withf(|change| {
            let Write::Update { expected, rename } = change.write() else {
                return false;
            };
            expected.get() == 3
                && rename.as_ref().is_some_and(|name| name.as_str() == "new")
                && change.next().version.get() == 4
                && change.authority().now == samples::now()
                && change.event().content.request_id == request_id()
        })
        .returning(|_| Ok(()));
    let updated = update(store, actor(WRITER), 3, &rename("new"), false)
        .await
        .unwrap();
    assert_eq!(updated.view.token.name.as_str(), "new");
    assert_eq!(updated.view.token.version.get(), 4);
    assert_eq!(updated.view.modified_by, samples::user(1));
    assert!(updated.changes.name.is_some() && updated.changes.permissions.is_none());
}

#[tokio::test]
async fn a_dry_run_decides_all_and_stores_nothing() {
    let updated = update(untouched(), actor(WRITER), 3, &rename("new"), true)
        .await
        .unwrap();
    assert_eq!(
        (
            updated.view.token.name.as_str(),
            updated.view.token.version.get()
        ),
        ("new", 4)
    );
    let refused = update(untouched(), actor(WRITER), 3, &rename(" "), true).await;
    assert!(matches!(refused, Err(UseCaseError::Refused(_))));
}

#[tokio::test]
async fn asking_for_what_is_there_already_stores_nothing() {
    let updated = update(untouched(), actor(WRITER), 3, &rename("token 2"), false)
        .await
        .unwrap();
    assert_eq!(updated.view, view(2, 3));
    assert_eq!(updated.changes, countersign_domain::Changes::default());
}

#[tokio::test]
async fn another_version_is_told_with_the_record_to_those_who_may_read() {
    for (permissions, shown) in [
        (WRITER, false),
        (&[API_TOKENS_WRITE, API_TOKENS_READ][..], true),
    ] {
        for version in [1, 2, 4] {
            match update(
                untouched(),
                actor(permissions),
                version,
                &rename("new"),
                false,
            )
            .await
            {
                Err(UseCaseError::Stale { stored, current }) => {
                    assert_eq!(stored.get(), 3);
                    assert_eq!(current.is_some(), shown);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn whoever_loses_the_race_learns_what_won() {
    let mut store = MockTokenStore::new();
    let mut version = 3;
    store.expect_get().times(2).returning(move |_, _| {
        version += 1;
        Ok(Some(view(2, version - 1)))
    });
    store.expect_commit().times(1).returning(|change| {
        Err(CommitError::Stale {
            stored: change.next().version,
        })
    });
    let reader = actor(&[API_TOKENS_WRITE, API_TOKENS_READ]);
    match update(store, reader, 3, &rename("new"), false).await {
        Err(UseCaseError::Stale { stored, current }) => {
            assert_eq!(stored.get(), 4);
            assert_eq!(current.unwrap().token.version.get(), 4);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn refusals_commit_nothing() {
    let expired = |mut edit: TokenUpdate| {
        edit.expiry = Some("2020-01-01T00:00:00Z".parse().unwrap());
        edit
    };
    let granting = |name: &str| TokenUpdate {
        permissions: Some(vec![name.to_owned()]),
        ..rename("token 2")
    };
    for (edit, gravity) in [
        (rename(""), RefusalKind::InvalidValue),
        (expired(rename("new")), RefusalKind::InvalidValue),
        (granting("api.users.read"), RefusalKind::PermissionNotHeld),
        (granting("api.nothing.read"), RefusalKind::InvalidValue),
        (
            TokenUpdate {
                allowed_addresses: Some(vec!["10.0.0.1/8".into()]),
                ..rename("new")
            },
            RefusalKind::InvalidValue,
        ),
    ] {
        match update(untouched(), actor(WRITER), 3, &edit, false).await {
            Err(UseCaseError::Refused(refused)) => assert_eq!(refused.gravity(), gravity),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn self_widening_and_lock_out_commit_nothing() {
    let own = || {
        let mut store = MockTokenStore::new();
        store.expect_get().returning(|_, _| Ok(Some(view(1, 3))));
        store.expect_commit().never();
        tokens(store)
    };
    let target = (token_id(1), 3.try_into().unwrap());
    let later = TokenUpdate {
        expiry: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        ..rename("token 1")
    };
    let away = TokenUpdate {
        allowed_addresses: Some(vec!["10.0.0.0/8".into()]),
        ..rename("token 1")
    };
    for (edit, gravity) in [
        (later, RefusalKind::SelfWidening),
        (away, RefusalKind::WouldLockOut),
    ] {
        match own()
            .update(by(WRITER), request_id(), target, &edit, false)
            .await
        {
            Err(UseCaseError::Refused(refused)) => assert_eq!(refused.gravity(), gravity),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_token_is_not_a_fault_and_a_fault_is_not_an_unknown_token() {
    let mut missing = MockTokenStore::new();
    missing.expect_get().returning(|_, _| Ok(None));
    missing.expect_commit().never();
    let answer = update(missing, actor(WRITER), 3, &rename("new"), false).await;
    assert!(matches!(answer, Err(UseCaseError::TokenNotFound)));
    let mut broken = MockTokenStore::new();
    broken.expect_get().returning(|_, _| Err(samples::away()));
    broken.expect_commit().never();
    let answer = update(broken, actor(WRITER), 3, &rename("new"), false).await;
    assert!(matches!(
        answer,
        Err(UseCaseError::Store(StoreError::Unavailable(_)))
    ));
}

#[tokio::test]
async fn each_failed_commit_is_told_apart() {
    type Answer = fn() -> Result<(), CommitError>;
    type Expected = fn(&UseCaseError) -> bool;
    let cases: [(Answer, Expected); 6] = [
        (
            || Err(CommitError::NameTaken),
            |f| matches!(f, UseCaseError::NameTaken { .. }),
        ),
        (
            || Err(CommitError::NotFound),
            |f| matches!(f, UseCaseError::TokenNotFound),
        ),
        (
            || Err(CommitError::ActorGone),
            |f| matches!(f, UseCaseError::ActorGone),
        ),
        (
            || Err(CommitError::ActorNarrowed),
            |f| matches!(f, UseCaseError::ActorNarrowed),
        ),
        (
            || Err(CommitError::OutcomeUnknown("cut".into())),
            |f| matches!(f, UseCaseError::OutcomeUnknown(_)),
        ),
        (
            || Err(samples::away().into()),
            |f| matches!(f, UseCaseError::Store(_)),
        ),
    ];
    for (answer, expected) in cases {
        let failure = update(answering(answer), actor(WRITER), 3, &rename("new"), false)
            .await
            .unwrap_err();
        assert!(expected(&failure), "{failure:?}");
    }
}

#[tokio::test]
async fn a_precondition_is_compared_with_what_is_stored() {
    let reader = [API_TOKENS_WRITE, API_TOKENS_READ];
    let version_where = |held: &[Permission], wanted| {
        let (tokens, by) = (tokens(untouched()), by::<WriteTokens>(held));
        async move {
            tokens
                .version_where(&by, token_id(2), |v| v.get() == wanted)
                .await
        }
    };
    assert_eq!(version_where(WRITER, 3).await.unwrap().get(), 3);
    for (held, shown) in [(WRITER, false), (&reader, true)] {
        match version_where(held, 2).await {
            Err(UseCaseError::Stale { stored, current }) => {
                assert_eq!((stored.get(), current.is_some()), (3, shown));
            }
            other => panic!("{other:?}"),
        }
    }
}
