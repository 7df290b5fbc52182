//! Revoking a lineage: in which order, how far it goes on, where it stops, and what it says then.
//! And that a change of an ancestor is judged by the history, but no other change costs a look at
//! it.

use std::sync::{Arc, Mutex};

use countersign_domain::{EventKind, RefusalKind, TokenId, TokenUpdate, Write, standard::*};

use super::*;
use crate::{
    UseCaseError,
    ports::{CommitError, Descendant, Descendants, Lineage, MockTokenStore, Origin},
    samples::{self, by, rename, request_id, token_id, tokens, view},
};

/// The numbers of live tokens of the lineage of token 2, in their order, and what was committed.
#[derive(Default)]
struct State {
    live: Vec<u8>,
    revoked: Vec<u8>,
}

fn descendant(n: u8) -> Descendant {
    let origin = Origin {
        kind: EventKind::Created,
        by: token_id(2),
    };
    Descendant {
        id: token_id(n),
        origin: (n != 2).then_some(origin),
        name: None,
        version: Some(view(n, 3).token.version),
        created: None,
    }
}

fn number(id: TokenId) -> u8 {
    (0..=255).find(|n| token_id(*n) == id).unwrap()
}

/// A store of such a lineage. What a revocation comes to is up to the test; what is revoked is live
/// no more.
fn store(
    live: &[u8],
    outcome: impl Fn(u8, &mut State) -> Result<(), CommitError> + Send + 'static,
) -> (MockTokenStore, Arc<Mutex<State>>) {
    let state = Arc::new(Mutex::new(State {
        live: live.to_vec(),
        ..State::default()
    }));
    let mut store = MockTokenStore::new();
    let of = state.clone();
    store.expect_descendants().returning(move |_, _, limit| {
        let live = of.lock().unwrap().live.clone();
        Ok(Some(Descendants {
            total: live.len() as u64,
            tokens: live
                .into_iter()
                .take(limit as usize)
                .map(descendant)
                .collect(),
        }))
    });
    let of = state.clone();
    store.expect_get().returning(move |_, id| {
        let n = number(id);
        Ok(of.lock().unwrap().live.contains(&n).then(|| view(n, 3)))
    });
    let of = state.clone();
    store.expect_commit().returning(move |change| {
        assert!(matches!(change.write(), Write::Revoke { .. }));
        let (n, mut state) = (number(change.next().id), of.lock().unwrap());
        outcome(n, &mut state)?;
        state.live.retain(|live| *live != n);
        state.revoked.push(n);
        Ok(())
    });
    (store, state)
}

const ANY: RevocationTerms = RevocationTerms {
    version: None,
    count: None,
    allow_lockout: false,
};

async fn revoke(store: MockTokenStore, terms: RevocationTerms) -> Result<Vec<u8>, UseCaseError> {
    let (token, since) = (token_id(2), None);
    let by = by(&[API_TOKENS_DELETE]);
    let revoked = tokens(store)
        .revoke_descendants(by, request_id(), Lineage { token, since }, terms)
        .await?;
    assert!(revoked.iter().all(|token| token.by_this_call));
    Ok(revoked
        .iter()
        .map(|revoked| number(revoked.token.id))
        .collect())
}

#[tokio::test]
async fn the_head_goes_first_and_what_it_made_meanwhile_goes_too() {
    let (store, state) = store(&[2, 3, 4], |n, state| {
        // What was in flight while each of them was still live.
        if n < 5 {
            state.live.push(n + 10);
        }
        Ok(())
    });
    let terms = RevocationTerms {
        count: Some(3),
        ..ANY
    };
    let revoked = revoke(store, terms).await.unwrap();
    assert_eq!(revoked[0], 2);
    assert_eq!(revoked.len(), 6);
    assert_eq!(state.lock().unwrap().live, [0; 0]);
}

#[tokio::test]
async fn nothing_is_revoked_unless_the_terms_hold() {
    type Expected = fn(&UseCaseError) -> bool;
    let terms = |count, version: Option<i64>| RevocationTerms {
        version: version.map(|version| version.try_into().unwrap()),
        count,
        allow_lockout: false,
    };
    let cases: [(&[u8], RevocationTerms, Expected); 5] = [
        (&[2, 3], terms(Some(1), None), |f| {
            matches!(f, UseCaseError::CountDiffers { count: 2 })
        }),
        (&[2, 3], terms(Some(3), None), |f| {
            matches!(f, UseCaseError::CountDiffers { count: 2 })
        }),
        (&[2, 3], terms(None, Some(4)), |f| {
            matches!(f, UseCaseError::Stale { .. })
        }),
        (&[3], terms(None, Some(3)), |f| {
            matches!(f, UseCaseError::TokenNotFound)
        }),
        // The actor's own token is number 1.
        (&[2, 1], terms(Some(2), None), |f| {
            matches!(f, UseCaseError::WouldRevokeActor)
        }),
    ];
    for (live, terms, expected) in cases {
        let (store, state) = store(live, |_, _| Ok(()));
        let failure = revoke(store, terms).await.unwrap_err();
        assert!(expected(&failure), "{terms:?}: {failure:?}");
        assert_eq!(state.lock().unwrap().revoked, [0; 0]);
    }
    let mut unknown = MockTokenStore::new();
    unknown.expect_descendants().returning(|_, _, _| Ok(None));
    unknown.expect_commit().never();
    assert!(matches!(
        revoke(unknown, ANY).await,
        Err(UseCaseError::TokenNotFound)
    ));
}

#[tokio::test]
async fn an_actor_that_insists_goes_last() {
    for live in [&[2, 1, 3, 4][..], &[1, 3]] {
        let (store, state) = store(live, |_, _| Ok(()));
        let terms = RevocationTerms {
            allow_lockout: true,
            ..ANY
        };
        let revoked = revoke(store, terms).await.unwrap();
        assert_eq!(revoked.last(), Some(&1));
        assert_eq!(revoked.len(), live.len());
        assert_eq!(state.lock().unwrap().live, [0; 0]);
    }
}

#[tokio::test]
async fn one_that_cannot_be_revoked_keeps_no_other_from_it() {
    let (store, state) = store(&[2, 3, 4, 5], |n, _| match n {
        // Somebody changes it all the time.
        3 => Err(CommitError::Stale {
            stored: view(3, 4).token.version,
        }),
        _ => Ok(()),
    });
    let failure = revoke(store, ANY).await.unwrap_err();
    assert!(
        matches!(
            failure,
            UseCaseError::Incomplete {
                revoked: 3,
                cause: None
            }
        ),
        "{failure:?}"
    );
    assert_eq!(state.lock().unwrap().live, [3]);
}

#[tokio::test]
async fn a_store_that_goes_away_says_so_or_how_far_it_came() {
    let (none, state) = store(&[2, 3], |_, _| Err(samples::away().into()));
    assert!(matches!(
        revoke(none, ANY).await,
        Err(UseCaseError::Store(_))
    ));
    assert_eq!(state.lock().unwrap().revoked, [0; 0]);
    let (one, _) = store(&[2, 3], |n, _| match n {
        2 => Ok(()),
        _ => Err(samples::away().into()),
    });
    match revoke(one, ANY).await {
        Err(UseCaseError::Incomplete {
            revoked: 1,
            cause: Some(cause),
        }) => assert!(matches!(*cause, UseCaseError::Store(_))),
        other => panic!("{other:?}"),
    }
    let (gone, _) = store(&[2, 3], |n, _| match n {
        2 => Ok(()),
        _ => Err(CommitError::ActorGone),
    });
    assert!(matches!(
        revoke(gone, ANY).await,
        Err(UseCaseError::ActorGone)
    ));
}

#[tokio::test]
async fn only_a_widening_asks_the_history_and_an_ancestor_is_not_widened() {
    let later = TokenUpdate {
        expiry: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        ..rename("token 2")
    };
    // Which edit, whether the token made others, how often the history is asked, and what it says.
    for (edit, made, looks, ancestor) in [
        (rename("new"), false, 0, true),
        (later.clone(), false, 0, true),
        (later.clone(), true, 1, true),
        (later, true, 1, false),
    ] {
        let mut store = MockTokenStore::new();
        store.expect_get().returning(|_, _| Ok(Some(view(2, 3))));
        store.expect_commit().returning(move |change| {
            let refused = made && change.authority().target_made_nothing;
            refused
                .then_some(())
                .map_or(Ok(()), |()| Err(CommitError::MayBeAncestor))
        });
        store
            .expect_descends()
            .times(looks)
            .withf(|_, token, ancestor| (*token, *ancestor) == (token_id(1), token_id(2)))
            .returning(move |_, _, _| Ok(ancestor));
        let target = (token_id(2), 3.try_into().unwrap());
        let by = by(&[API_TOKENS_WRITE, TASKS_READ]);
        let updated = tokens(store)
            .update(by, request_id(), target, &edit, false)
            .await;
        match updated {
            Ok(_) if looks == 0 || !ancestor => {}
            Err(UseCaseError::Refused(refused)) if looks == 1 && ancestor => {
                assert_eq!(refused.gravity(), RefusalKind::AncestorProtected);
            }
            other => panic!("{other:?}"),
        }
    }
}
