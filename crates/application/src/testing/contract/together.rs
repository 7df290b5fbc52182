//! Changes at the same moment, which a store may write together: each has an outcome of its own, as
//! if they had come one after the other, in some order.

use countersign_domain::{Actor, Change, Secret, TokenView};
use futures_util::{FutureExt as _, future::join_all};

use super::StoreUnderTest;
use crate::{
    ports::CommitError,
    testing::{TestTenant, no_change, rename_to},
};

/// More than one statement can take.
const MANY: usize = 24;

async fn many(home: &TestTenant, prefix: &str) -> Vec<TokenView> {
    let mut made = Vec::new();
    for n in 0..MANY {
        made.push(home.make(&format!("{prefix} {n}")).await.view);
    }
    made
}

fn shortened(home: &TestTenant, by: Actor, view: &TokenView) -> Change {
    let mut edit = no_change(view);
    edit.expiry = Some(view.token.expiry.minus_seconds(1));
    home.edit(by, view, &edit)
}

async fn commit_all(home: &TestTenant, changes: &[Change]) -> Vec<Result<(), CommitError>> {
    join_all(changes.iter().map(|change| home.commit(change))).await
}

/// With their events and the names of their users.
pub async fn updates_at_once_are_each_stored_whole(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut views = many(&home, "token").await;
    for round in 0..3 {
        let changes: Vec<_> = views
            .iter()
            .enumerate()
            .map(|(n, view)| {
                let mut edit = rename_to(&format!("round {round} of {n}"));
                edit.allowed_addresses = Some(vec![format!("192.0.2.{n}"), "2001:db8::/32".into()]);
                edit.permissions = Some(vec!["api.tasks.read".into()]);
                home.edit(home.system(), view, &edit)
            })
            .collect();
        for outcome in commit_all(&home, &changes).await {
            outcome.unwrap();
        }
        for (view, change) in views.iter_mut().zip(&changes) {
            *view = view.after(change);
            let (tenant, id) = (home.tenant.id, view.token.id);
            assert_eq!(home.get(id).await.as_ref(), Some(&*view));
            let user = on.users.user(tenant, view.token.user).await.unwrap();
            assert_eq!(&*user.unwrap().name, view.token.name.as_str());
            let newest = on.tokens.events(tenant, id, None, 1).await.unwrap();
            assert_eq!(&newest[0].event, change.event());
        }
    }
}

/// Nothing of a refused update is written.
pub async fn each_of_many_updates_has_its_own_outcome(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    home.make("taken").await;
    let views = many(&home, "token").await;
    let gone = home.make("gone").await.view;
    home.revoke(&gone).await;
    let narrowed = home.make("narrowed").await.view;
    let mut less = no_change(&narrowed);
    less.permissions = Some(vec!["api.tasks.read".into()]);
    home.update(&narrowed, &less).await;
    let mut changes = Vec::new();
    for (n, view) in views.iter().enumerate() {
        changes.push(match n % 6 {
            0 => shortened(&home, home.system(), view),
            1 => home.edit(home.system(), view, &rename_to("TAKEN")),
            2 => shortened(&home, home.actor(&gone), view),
            3 => shortened(&home, home.actor(&narrowed), view),
            4 => {
                let change = shortened(&home, home.system(), view);
                home.update(view, &rename_to(&format!("first {n}"))).await;
                change
            }
            _ => {
                let change = shortened(&home, home.system(), view);
                home.revoke(view).await;
                change
            }
        });
    }
    let mut before = Vec::new();
    for view in &views {
        before.push(home.get(view.token.id).await);
    }
    for (n, outcome) in commit_all(&home, &changes).await.into_iter().enumerate() {
        let expected = match n % 6 {
            0 => outcome.is_ok(),
            1 => matches!(outcome, Err(CommitError::NameTaken)),
            2 => matches!(outcome, Err(CommitError::ActorGone)),
            3 => matches!(outcome, Err(CommitError::ActorNarrowed)),
            4 => matches!(outcome, Err(CommitError::Stale { stored }) if stored.get() == 2),
            _ => matches!(outcome, Err(CommitError::NotFound)),
        };
        assert!(expected, "{n}: {outcome:?}");
        let now = home.get(views[n].token.id).await;
        if outcome.is_ok() {
            assert_eq!(now, Some(views[n].after(&changes[n])));
        } else {
            assert_eq!(now, before[n]);
        }
    }
}

/// The change by a token counts as earlier than its narrowing, or is refused.
pub async fn an_update_of_an_actor_and_updates_by_it_have_an_order(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for round in 0..20 {
        let actor = home.make(&format!("actor {round}")).await.view;
        let mut less = no_change(&actor);
        less.permissions = Some(vec!["api.tasks.read".into()]);
        let narrowing = home.edit(home.system(), &actor, &less);
        let mut changes = Vec::new();
        for n in 0..8 {
            let view = home.make(&format!("target {round} {n}")).await.view;
            changes.push(shortened(&home, home.actor(&actor), &view));
        }
        changes.insert(round % 9, narrowing);
        let outcomes = commit_all(&home, &changes).await;
        assert!(outcomes[round % 9].is_ok());
        for outcome in outcomes {
            assert!(
                matches!(outcome, Ok(()) | Err(CommitError::ActorNarrowed)),
                "{outcome:?}"
            );
        }
        let late = home.get(changes[(round + 1) % 9].next().id).await.unwrap();
        let late = shortened(&home, home.actor(&actor), &late);
        assert!(matches!(
            home.commit(&late).await,
            Err(CommitError::ActorNarrowed)
        ));
    }
}

/// One of the two gets the version, and the other learns which one is stored.
pub async fn a_rotation_and_an_update_of_one_version_have_one_winner(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut changes = Vec::new();
    for view in many(&home, "token").await {
        let secret = Secret::from_random(&on.random());
        changes.push(shortened(&home, home.system(), &view));
        changes.push(home.rotation(home.system(), &view, &secret, 0));
    }
    for pair in commit_all(&home, &changes).await.chunks(2) {
        assert!(
            matches!(
                pair,
                [Ok(()), Err(CommitError::Stale { .. })] | [Err(CommitError::Stale { .. }), Ok(())]
            ),
            "{pair:?}"
        );
    }
}

/// The update of a caller that left is stored or not; the others are stored.
pub async fn callers_that_leave_take_no_update_of_others_along(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = many(&home, "token").await;
    let changes: Vec<_> = views
        .iter()
        .map(|view| shortened(&home, home.system(), view))
        .collect();
    let mut staying = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        let mut commit = Box::pin(home.commit(change));
        let early = commit.as_mut().now_or_never();
        assert!(early.is_none_or(|early| early.is_ok()));
        if n % 3 == 2 {
            staying.push((n, commit));
        }
    }
    for (n, commit) in staying {
        commit.await.unwrap();
        let stored = home.get(views[n].token.id).await;
        assert_eq!(stored, Some(views[n].after(&changes[n])));
    }
    for (view, change) in views.iter().zip(&changes) {
        let stored = home.get(view.token.id).await.unwrap();
        assert!(stored == *view || stored == view.after(change));
    }
}

/// Of two tokens that take the right to write from each other one keeps it, however many pairs do
/// so at the same time.
pub async fn of_pairs_that_narrow_each_other_one_keeps_its_rights(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let views = many(&home, "token").await;
    let mut changes = Vec::new();
    for pair in views.chunks(2) {
        for (by, of) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
            let mut less = no_change(of);
            less.permissions = Some(vec!["api.tasks.read".into()]);
            changes.push(home.edit(home.actor(by), of, &less));
        }
    }
    for pair in commit_all(&home, &changes).await.chunks(2) {
        assert!(
            matches!(
                pair,
                [Ok(()), Err(CommitError::ActorNarrowed)]
                    | [Err(CommitError::ActorNarrowed), Ok(())]
            ),
            "{pair:?}"
        );
    }
}
