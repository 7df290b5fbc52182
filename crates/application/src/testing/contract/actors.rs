//! The actor is checked again inside the commit: a right that it lost since it was admitted is
//! lost.

use countersign_domain::{Change, TokenUpdate, TokenView};

use futures_util::future::join_all;

use super::{StoreUnderTest, refused};
use crate::{
    ports::CommitError,
    testing::{TestTenant, at, no_change, rename_to},
};

/// One change of each kind, by that token, on tokens that nobody else changes.
async fn changes_by(home: &TestTenant, actor: &TokenView) -> [Change; 3] {
    let target = home.make("target").await.view;
    [
        home.creation(home.actor(actor), &home.draft("fresh"), None)
            .0,
        home.edit(home.actor(actor), &target, &rename_to("renamed")),
        home.revocation(home.actor(actor), &target),
    ]
}

async fn all_gone(home: &TestTenant, changes: [Change; 3]) {
    for change in changes {
        let error = refused(home, &change).await;
        assert!(matches!(error, CommitError::ActorGone), "{error:?}");
    }
}

fn holding(view: &TokenView, permissions: &[&str]) -> TokenUpdate {
    let mut edit = no_change(view);
    edit.permissions = Some(permissions.iter().map(ToString::to_string).collect());
    edit
}

/// Even if its request was admitted before, and even if its user were enabled again.
pub async fn a_revoked_actor_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let actor = home.make("actor").await.view;
    let changes = changes_by(&home, &actor).await;
    home.revoke(&actor).await;
    on.execute("UPDATE users SET closed_at = NULL").await;
    all_gone(&home, changes).await;
}

/// From the very instant of its expiry.
pub async fn an_expired_actor_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut actor = home.make("actor").await.view;
    on.clock.advance(60);
    // The stored expiry moves to a minute from now, which then passes.
    let mut edit = no_change(&actor);
    edit.expiry = Some(on.clock.now());
    edit.expiry = edit.expiry.map(|now| now.minus_seconds(-60));
    actor = home.update(&actor, &edit).await;
    on.clock.advance(60);
    let changes = changes_by(&home, &actor).await;
    all_gone(&home, changes).await;
}

/// The store's clock never counts: here it is 1999, and then 2199.
pub async fn the_changes_own_instant_decides(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for now in ["1999-06-01T00:00:00Z", "2199-06-01T00:00:00Z"] {
        on.clock.set(at(now));
        let actor = home.make("actor").await.view;
        let before = actor.token.expiry.minus_seconds(1);
        on.clock.set(before);
        let [create, update, revoke] = changes_by(&home, &actor).await;
        home.commit(&create).await.unwrap();
        home.commit(&update).await.unwrap();
        let error = refused(&home, &revoke).await;
        assert!(matches!(error, CommitError::Stale { .. }), "{error:?}");
        on.clock.set(actor.token.expiry);
        let late = changes_by(&home, &actor).await;
        all_gone(&home, late).await;
        for view in on
            .tokens
            .list(home.tenant.id, None, 100)
            .await
            .unwrap()
            .content
        {
            home.revoke(&view).await;
        }
    }
}

/// Even if its token is live.
pub async fn an_actor_whose_user_is_closed_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let actor = home.make("actor").await.view;
    let changes = changes_by(&home, &actor).await;
    on.execute("UPDATE users SET closed_at = created_at WHERE name = 'actor'")
        .await;
    all_gone(&home, changes).await;
}

/// It lost a permission that the decision relied on.
pub async fn a_narrowed_actor_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let actor = home.make("actor").await.view;
    let changes = changes_by(&home, &actor).await;
    home.update(&actor, &holding(&actor, &["api.tasks.read"]))
        .await;
    for change in changes {
        let error = refused(&home, &change).await;
        assert!(matches!(error, CommitError::ActorNarrowed), "{error:?}");
    }
}

/// It lost a permission that was not needed.
pub async fn a_narrowing_that_leaves_what_is_leant_on_is_no_hindrance(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let actor = home.make("actor").await.view;
    let [_, update, _] = changes_by(&home, &actor).await;
    home.update(&actor, &holding(&actor, &["api.api-tokens.write"]))
        .await;
    home.commit(&update).await.unwrap();
}

/// The list must still have the entry that admitted the request, or be empty.
pub async fn an_actor_writes_only_by_an_address_entry_that_is_still_listed(on: &StoreUnderTest) {
    let (office, house, elsewhere) = ("192.0.2.0/24", "192.0.2.1", "198.51.100.7");
    for (n, (before, after, admitted)) in [
        (&[office][..], &[office, elsewhere][..], true),
        (&[house, elsewhere], &[house], true),
        (&[office], &[], true),
        (&[office], &[elsewhere], false),
        (&[office], &[house], false),
        (&[], &[elsewhere], false),
    ]
    .into_iter()
    .enumerate()
    {
        let home = on.realm(&format!("home {n}")).await;
        let mut actor = home.make("actor").await.view;
        if !before.is_empty() {
            actor = home.update(&actor, &used_from(&actor, before)).await;
        }
        let mut changes = changes_by(&home, &actor).await.to_vec();
        // The revocation of the same token would come first.
        changes.pop();
        for n in 0..8 {
            let twin = home.make(&format!("twin {n}")).await.view;
            let rename = rename_to(&format!("renamed {n}"));
            changes.push(home.edit(home.actor(&actor), &twin, &rename));
        }
        home.update(&actor, &used_from(&actor, after)).await;
        for outcome in join_all(changes.iter().map(|change| home.commit(change))).await {
            let moved = matches!(outcome, Err(CommitError::ActorMoved));
            assert!(
                if admitted { outcome.is_ok() } else { moved },
                "{n}: {outcome:?}"
            );
        }
    }
}

fn used_from(view: &TokenView, addresses: &[&str]) -> TokenUpdate {
    let mut edit = no_change(view);
    edit.allowed_addresses = Some(addresses.iter().map(ToString::to_string).collect());
    edit
}

/// It has no rights here, whatever it holds there.
pub async fn an_actor_of_another_tenant_is_gone(on: &StoreUnderTest) {
    let (home, away) = (on.realm("home").await, on.realm("away").await);
    let stranger = away.make("stranger").await.view;
    let mut actor = home.actor(&stranger);
    actor.tenant = home.tenant.id;
    let target = home.make("target").await.view;
    let changes = [
        home.creation(actor.clone(), &home.draft("fresh"), None).0,
        home.edit(actor.clone(), &target, &rename_to("renamed")),
        home.revocation(actor, &target),
    ];
    all_gone(&home, changes).await;
}

/// A token's own change is no reason to refuse it.
pub async fn a_token_may_change_and_revoke_itself(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("self").await.view;
    let edit = holding(&view, &["api.api-tokens.delete", "api.api-tokens.write"]);
    let view = home.update_by(home.actor(&view), &view, &edit).await;
    assert_eq!(home.get(view.token.id).await, Some(view.clone()));
    let last = home.revocation(home.actor(&view), &view);
    home.commit(&last).await.unwrap();
    assert_eq!(home.get(view.token.id).await, None);
}

/// The system has no token, only a user.
pub async fn a_closed_system_user_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let view = home.make("a").await.view;
    let changes = [
        home.creation(home.system(), &home.draft("b"), None).0,
        home.edit(home.system(), &view, &rename_to("c")),
        home.revocation(home.system(), &view),
    ];
    on.execute("UPDATE users SET closed_at = created_at WHERE kind = 'system'")
        .await;
    all_gone(&home, changes).await;
}
