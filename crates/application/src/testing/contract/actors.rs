//! The actor is checked again inside the commit: a right that it lost since it was admitted is
//! lost.

use countersign_domain::{Change, TokenUpdate, TokenView};

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
