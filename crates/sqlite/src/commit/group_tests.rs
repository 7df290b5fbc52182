//! Tests of changes that share a transaction. Each test holds the writing connection until all
//! changes wait, so that they are in one group.

use countersign_application::{
    ports::{CommitError, StoreError},
    testing::{Stores, TestTenant, rename_to},
};
use countersign_domain::{Change, Version};
use futures_util::{FutureExt as _, future::join_all};
use sqlx::AssertSqlSafe;

use crate::{SqliteStore, store::tests::fresh};

/// The outcomes of changes in one group, in this order.
async fn together(store: &SqliteStore, home: &TestTenant, changes: &[Change]) -> Vec<Outcome> {
    let held = store.writer.begin().await.unwrap();
    let mut first = Box::pin(home.commit(&changes[0]));
    assert!(first.as_mut().now_or_never().is_none());
    // The first is a group of its own, which waits for the connection; the others gather behind it.
    tokio::task::yield_now().await;
    let mut others = Box::pin(join_all(
        changes[1..].iter().map(|change| home.commit(change)),
    ));
    assert!(others.as_mut().now_or_never().is_none());
    held.rollback().await.unwrap();
    let mut outcomes = vec![first.await];
    outcomes.extend(others.await);
    outcomes
}

type Outcome = Result<(), CommitError>;

#[tokio::test]
async fn each_change_of_a_group_has_the_outcome_of_its_turn() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let [a, b, c] = [
        home.make("a").await,
        home.make("b").await,
        home.make("c").await,
    ];
    let by = |view, name| home.edit(home.system(), view, &rename_to(name));
    let changes = [
        by(&c.view, "waits"),
        by(&a.view, "taken"),
        by(&b.view, "taken"),
        by(&a.view, "too late"),
        home.edit(home.actor(&a.view), &b.view, &rename_to("by a")),
        home.revocation(home.system(), &a.view.after(&by(&a.view, "taken"))),
        home.creation(home.actor(&a.view), &home.draft("child"), None)
            .0,
        by(&b.view, "b once more"),
    ];
    let outcomes = together(&store, &home, &changes).await;
    let second = Version::FIRST.next();
    assert!(outcomes[1].is_ok(), "{outcomes:?}");
    assert!(
        matches!(outcomes[2], Err(CommitError::NameTaken)),
        "{outcomes:?}"
    );
    assert!(
        matches!(outcomes[3], Err(CommitError::Stale { stored }) if stored == second),
        "{outcomes:?}"
    );
    assert!(outcomes[4].is_ok() && outcomes[5].is_ok(), "{outcomes:?}");
    assert!(
        matches!(outcomes[6], Err(CommitError::ActorGone)),
        "{outcomes:?}"
    );
    assert!(
        matches!(outcomes[7], Err(CommitError::Stale { .. })),
        "{outcomes:?}"
    );
    let b = home.get(b.view.token.id).await.unwrap();
    assert_eq!(b, home.get(b.token.id).await.unwrap());
    assert_eq!(b.token.name.as_str(), "by a");
    assert!(home.get(a.view.token.id).await.is_none());
}

#[tokio::test]
async fn a_change_that_cannot_be_stored_costs_the_others_of_its_group_nothing() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let mut made = Vec::new();
    for n in 0..6 {
        made.push(home.make(&format!("token {n}")).await.view);
    }
    let broken = made[3].token.id.as_uuid().simple();
    let trigger = format!(
        "CREATE TRIGGER outage BEFORE INSERT ON audit_events WHEN NEW.token_id = x'{broken}' \
         BEGIN SELECT raise(ABORT, 'outage'); END"
    );
    sqlx::query(AssertSqlSafe(trigger))
        .execute(&store.writer.pool)
        .await
        .unwrap();
    let changes: Vec<_> = (made.iter())
        .map(|view| {
            home.edit(
                home.system(),
                view,
                &rename_to(&format!("new {}", view.token.id)),
            )
        })
        .collect();
    let outcomes = together(&store, &home, &changes).await;
    for (n, (view, outcome)) in made.iter().zip(outcomes).enumerate() {
        let stored = home.get(view.token.id).await.unwrap();
        if n == 3 {
            assert!(
                matches!(outcome, Err(CommitError::Fault(StoreError::Unavailable(_)))),
                "{outcome:?}"
            );
            assert_eq!(stored, *view);
        } else {
            outcome.unwrap();
            assert_eq!(stored, view.after(&changes[n]));
        }
    }
}

#[tokio::test]
async fn callers_that_leave_take_nobody_with_them() {
    let (_folder, store) = fresh().await;
    let home = Stores::of(store.clone()).realm("home").await;
    let mut made = Vec::new();
    for n in 0..4 {
        made.push(home.make(&format!("token {n}")).await.view);
    }
    let changes: Vec<_> = (made.iter())
        .map(|view| {
            home.edit(
                home.system(),
                view,
                &rename_to(&format!("new {}", view.token.id)),
            )
        })
        .collect();
    let held = store.writer.begin().await.unwrap();
    let mut callers: Vec<_> = changes
        .iter()
        .map(|change| Box::pin(home.commit(change)))
        .collect();
    for caller in &mut callers {
        assert!(caller.as_mut().now_or_never().is_none());
    }
    drop(callers.remove(2));
    held.rollback().await.unwrap();
    for outcome in join_all(callers).await {
        outcome.unwrap();
    }
    for n in [0, 1, 3] {
        let stored = home.get(made[n].token.id).await.unwrap();
        assert_eq!(stored, made[n].after(&changes[n]));
    }
}
