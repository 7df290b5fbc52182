//! The dry run of each use case: it never commits and announces nothing, and what the store says
//! against it is what the store would say against the change.

use countersign_domain::{
    Fingerprint, IdempotentRequest, NewToken, Overlap, Permission, WrittenAnnotations, standard::*,
};

use super::*;
use crate::{
    UseCaseError,
    ports::{CommitError, Descendant, Descendants, Lineage, MockInvalidator, MockTokenStore},
    samples::{actor, now, rename, request_id, token_id, view, with_invalidator},
};

const ALL: &[Permission] = &[API_TOKENS_WRITE, API_TOKENS_DELETE, TASKS_READ];

#[derive(Debug, Clone, Copy)]
enum UseCase {
    Create,
    Update,
    Rotate,
    Revoke,
    Descendants,
}

/// Carries a use case out, or tries it.
async fn run(tokens: &Tokens, case: UseCase, dry_run: bool) -> Result<(), UseCaseError> {
    let (actor, id, of) = (
        actor(ALL),
        request_id(),
        (token_id(2), 3.try_into().unwrap()),
    );
    let draft = NewToken {
        name: "new".into(),
        expiry: now().plus_seconds(60),
        allowed_addresses: vec![],
        permissions: vec!["api.tasks.read".into()],
        annotations: WrittenAnnotations::default(),
    };
    let once = IdempotentRequest {
        key: "key".parse().unwrap(),
        fingerprint: Fingerprint::of(b"{}"),
    };
    let lineage = Lineage {
        token: of.0,
        since: None,
    };
    let terms = RevocationTerms::default();
    match (case, dry_run) {
        (UseCase::Create, true) => {
            tokens
                .create_dry_run(actor.authorize()?, id, &draft, Some(once))
                .await
        }
        (UseCase::Create, false) => tokens
            .create(actor.authorize()?, id, &draft, Some(once))
            .await
            .map(drop),
        (UseCase::Update, dry) => {
            let edit = rename("new");
            tokens
                .update(actor.authorize()?, id, of, &edit, dry)
                .await
                .map(drop)
        }
        (UseCase::Rotate, true) => {
            tokens
                .rotate_dry_run(&actor.authorize()?, id, of, Overlap::NONE)
                .await
        }
        (UseCase::Rotate, false) => tokens
            .rotate(&actor.authorize()?, id, of, Overlap::NONE)
            .await
            .map(drop),
        (UseCase::Revoke, true) => {
            let tried = tokens.revoke_dry_run(actor.authorize()?, id, of.0, Some(of.1));
            tried.await.map(drop)
        }
        (UseCase::Revoke, false) => {
            tokens
                .revoke(actor.authorize()?, id, of.0, Some(of.1))
                .await
        }
        (UseCase::Descendants, true) => {
            let tried =
                tokens.revoke_descendants_dry_run(actor.authorize()?, id, lineage, terms, 9);
            tried.await.map(drop)
        }
        (UseCase::Descendants, false) => {
            let revoked = tokens.revoke_descendants(actor.authorize()?, id, lineage, terms);
            revoked.await.map(drop)
        }
    }
}

/// A store that holds token 2 at version 3, alone in its lineage.
fn store() -> MockTokenStore {
    let mut store = MockTokenStore::new();
    store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
    store
        .expect_find_by_idempotency_key()
        .returning(|_, _, _, _| Ok(None));
    store.expect_descends().returning(|_, _, _| Ok(false));
    store.expect_descendants().returning(|_, _, _| {
        let tokens = vec![Descendant {
            id: token_id(2),
            origin: None,
            name: None,
            version: None,
            created: None,
        }];
        Ok(Some(Descendants { total: 1, tokens }))
    });
    store
}

const CASES: [UseCase; 5] = [
    UseCase::Create,
    UseCase::Update,
    UseCase::Rotate,
    UseCase::Revoke,
    UseCase::Descendants,
];

#[tokio::test]
async fn a_dry_run_commits_and_announces_nothing() {
    for case in CASES {
        let (mut store, mut invalidator) = (store(), MockInvalidator::new());
        store.expect_commit().never();
        store.expect_force_revocation().never();
        store.expect_dry_run().times(1).returning(|_| Ok(()));
        invalidator.expect_invalidate().never();
        invalidator.expect_stored().never();
        invalidator.expect_in_doubt().never();
        let tried = run(&with_invalidator(store, invalidator), case, true).await;
        assert!(tried.is_ok(), "{case:?}: {tried:?}");
    }
}

#[tokio::test]
async fn what_refuses_a_commit_refuses_its_dry_run() {
    let refusals: [fn() -> CommitError; 5] = [
        || CommitError::NameTaken,
        || CommitError::ActorGone,
        || CommitError::ActorNarrowed,
        || CommitError::AlreadyMade {
            token: token_id(5),
            fingerprint: Fingerprint::of(b"other"),
        },
        || CommitError::Fault(crate::samples::away()),
    ];
    for case in CASES {
        for refusal in refusals {
            let mut told = Vec::new();
            for dry_run in [true, false] {
                let mut store = store();
                if dry_run {
                    store.expect_dry_run().returning(move |_| Err(refusal()));
                } else {
                    store.expect_commit().returning(move |_| Err(refusal()));
                }
                let tokens = with_invalidator(store, MockInvalidator::new());
                let failure = run(&tokens, case, dry_run).await.unwrap_err();
                told.push(format!("{failure:?}"));
            }
            // Names and keys are nothing to a revocation of several, which goes on with the others.
            let of_one = matches!(
                refusal(),
                CommitError::NameTaken | CommitError::AlreadyMade { .. }
            );
            if !(of_one && matches!(case, UseCase::Descendants)) {
                assert_eq!(told[0], told[1], "{case:?}");
            }
        }
    }
}
