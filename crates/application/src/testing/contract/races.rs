//! Many changes at the same time: one winner, and every loser learns why.

use std::collections::BTreeSet;

use countersign_domain::{Change, Fingerprint, IdempotentRequest, TokenView};
use futures_util::future::join_all;

use super::StoreUnderTest;
use crate::{
    ports::{CommitError, TenantError},
    testing::{TestTenant, no_change, rename_to},
};

const MANY: usize = 16;

/// Commits all at the same time; returns the stored ones and the errors of the others.
async fn race(realm: &TestTenant, changes: Vec<Change>) -> (Vec<Change>, Vec<CommitError>) {
    let outcomes = join_all(changes.iter().map(|change| realm.commit(change))).await;
    let (mut stored, mut refused) = (Vec::new(), Vec::new());
    for (change, outcome) in changes.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => stored.push(change),
            Err(error) => refused.push(error),
        }
    }
    (stored, refused)
}

/// And there is one event, the winner's.
pub async fn racing_updates_of_one_version_have_one_winner(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut view = home.make("start").await.view;
    for round in 0..5 {
        let edit = |n| home.edit(home.system(), &view, &rename_to(&format!("{round} {n}")));
        let (stored, refused) = race(&home, (0..MANY).map(edit).collect()).await;
        let [winner] = &stored[..] else {
            panic!("{} winners", stored.len())
        };
        let next = view.after(winner);
        for error in refused {
            let told = next.token.version;
            assert!(
                matches!(error, CommitError::Stale { stored } if stored == told),
                "{error:?}"
            );
        }
        assert_eq!(home.get(next.token.id).await.as_ref(), Some(&next));
        view = next;
    }
    let (tenant, id) = (home.tenant.id, view.token.id);
    let events = on.tokens.events(tenant, id, None, 100).await.unwrap();
    assert_eq!(events.len(), 6);
}

/// The names differ only in case.
pub async fn racing_creations_of_one_name_have_one_winner(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let spell = |n| if n % 2 == 0 { "Name" } else { "nAME" };
    let create = |n| home.creation(home.system(), &home.draft(spell(n)), None).0;
    let (stored, refused) = race(&home, (0..MANY).map(create).collect()).await;
    assert_eq!(stored.len(), 1);
    for error in refused {
        assert!(matches!(error, CommitError::NameTaken), "{error:?}");
    }
    let left = on
        .tokens
        .list(home.tenant.id, None, 100)
        .await
        .unwrap()
        .content;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].token, *stored[0].next());
}

/// The losers keep their names.
pub async fn racing_renames_to_one_name_have_one_winner(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut changes = Vec::new();
    for n in 0..MANY {
        let view = home.make(&format!("token {n}")).await.view;
        changes.push(home.edit(home.system(), &view, &rename_to("wanted")));
    }
    let (stored, refused) = race(&home, changes).await;
    assert_eq!(stored.len(), 1);
    for error in refused {
        assert!(matches!(error, CommitError::NameTaken), "{error:?}");
    }
    let left = on
        .tokens
        .list(home.tenant.id, None, 100)
        .await
        .unwrap()
        .content;
    let names: BTreeSet<_> = left.iter().map(|view| view.token.name.as_str()).collect();
    assert_eq!(names.len(), MANY);
}

/// The losers learn which token it is.
pub async fn racing_creations_under_one_key_make_one_token(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    // If all want one name, the error must still be about the key.
    for (key, one_name) in [("key-1", true), ("key-2", false)] {
        let once = IdempotentRequest {
            key: key.parse().unwrap(),
            fingerprint: Fingerprint::of(b"{}"),
        };
        let create = |n| {
            let name = format!("{key} {}", if one_name { 0 } else { n });
            home.creation(home.system(), &home.draft(&name), Some(once.clone()))
                .0
        };
        let (stored, refused) = race(&home, (0..MANY).map(create).collect()).await;
        assert_eq!(stored.len(), 1);
        let made = stored[0].next().id;
        for error in refused {
            assert!(
                matches!(error, CommitError::AlreadyMade { token, .. } if token == made),
                "{error:?}"
            );
        }
    }
    let left = on
        .tokens
        .list(home.tenant.id, None, 100)
        .await
        .unwrap()
        .content;
    assert_eq!(left.len(), 2);
}

/// The loser finds no token, or another version.
pub async fn an_update_and_a_revocation_have_one_winner(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for n in 0..MANY {
        let view = home.make(&format!("token {n}")).await.view;
        let changes = vec![
            home.edit(home.system(), &view, &rename_to(&format!("renamed {n}"))),
            home.revocation(home.system(), &view),
        ];
        let (stored, refused) = race(&home, changes).await;
        assert_eq!(stored.len(), 1);
        let updated = stored[0].event().content.kind.as_str() == "updated";
        match &refused[..] {
            [CommitError::Stale { stored }] if updated => {
                assert_eq!(*stored, view.token.version.next());
            }
            [CommitError::NotFound] if !updated => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(home.get(view.token.id).await.is_some(), updated);
    }
}

/// Each change is stored once, on top of the one before.
pub async fn updaters_that_try_again_all_get_through(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("shared").await.view;
    let id = view.token.id;
    join_all((0..MANY).map(|n| insist(&home, &view, n))).await;
    let last = home.get(id).await.unwrap();
    let grown = i64::try_from(MANY).unwrap() + 1;
    assert_eq!(last.token.version.get(), grown);
    let events = on.audit.chain(home.tenant.id, id, None, 100).await.unwrap();
    let mut verifier = countersign_domain::ChainVerifier::default();
    for event in &events {
        verifier.push(event).unwrap();
    }
    let record = on.audit.recorded(home.tenant.id, id).await.unwrap();
    verifier.finish(&record.unwrap()).unwrap();
}

async fn insist(home: &TestTenant, view: &TokenView, n: usize) {
    loop {
        let now = home.get(view.token.id).await.unwrap();
        let mut edit = no_change(&now);
        edit.allowed_addresses = Some(vec![format!("192.0.2.{n}")]);
        match home.commit(&home.edit(home.system(), &now, &edit)).await {
            Ok(()) => return,
            Err(CommitError::Stale { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Two nodes that start at once agree on one tenant.
pub async fn racing_tenants_of_one_name_have_one_winner(on: &StoreUnderTest) {
    let tenants: Vec<_> = (0..MANY).map(|_| on.tenant("default")).collect();
    let outcomes = join_all(tenants.iter().map(|tenant| on.tenants.create(tenant))).await;
    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let taken = |outcome: &&Result<(), _>| matches!(outcome, Err(TenantError::NameTaken));
    assert_eq!((made, outcomes.iter().filter(taken).count()), (1, MANY - 1));
    assert_eq!(on.tenants.tenants().await.unwrap().len(), 1);
}
