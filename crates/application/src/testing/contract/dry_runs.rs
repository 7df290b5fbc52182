//! A dry run is refused for every reason that refuses a commit, and leaves nothing behind.

use countersign_domain::{Change, Fingerprint, IdempotentRequest, Secret, TokenUpdate, TokenView};

use super::{Snapshot, StoreUnderTest, refused};
use crate::{
    ports::CommitError,
    testing::{TestTenant, no_change, rename_to},
};

fn once(body: &[u8]) -> IdempotentRequest {
    IdempotentRequest {
        key: "key".parse().unwrap(),
        fingerprint: Fingerprint::of(body),
    }
}

/// Every change that an actor can make of a token, and a creation under a key.
fn changes_by(home: &TestTenant, actor: &TokenView, target: &TokenView) -> [Change; 4] {
    let by = || home.actor(actor);
    let secret = Secret::from_random(&home.stores.random());
    let renamed = rename_to(&format!("renamed {}", target.token.version));
    [
        home.creation(by(), &home.draft("fresh"), Some(once(b"{}")))
            .0,
        home.edit(by(), target, &renamed),
        home.rotation(by(), target, &secret, 60),
        home.revocation(by(), target),
    ]
}

/// Whether an error is the one that is expected.
type IsExpected = fn(&CommitError) -> bool;

/// Reasons that refuse every change: what happens to the actor, and the expected error.
const ACTORS: [(&str, IsExpected); 4] = [
    ("revoked", |error| matches!(error, CommitError::ActorGone)),
    ("closed", |error| matches!(error, CommitError::ActorGone)),
    ("narrowed", |error| {
        matches!(error, CommitError::ActorNarrowed)
    }),
    ("expired", |error| matches!(error, CommitError::ActorGone)),
];

async fn befall(on: &StoreUnderTest, home: &TestTenant, actor: &TokenView, what: &str) {
    match what {
        "revoked" => home.revoke(actor).await,
        "closed" => {
            let closed = "UPDATE users SET closed_at = created_at WHERE name = 'actor closed'";
            on.execute(closed).await;
        }
        "narrowed" => {
            let permissions = Some(vec!["api.tasks.read".to_owned()]);
            let edit = TokenUpdate {
                permissions,
                ..no_change(actor)
            };
            home.update(actor, &edit).await;
        }
        _ => {
            on.clock.advance(60);
            let mut edit = no_change(actor);
            edit.expiry = Some(on.clock.now().plus_seconds(1));
            home.update(actor, &edit).await;
            on.clock.advance(60);
        }
    }
}

/// The name, the version, the token, the key, and the actor in every way in which it can be lost.
/// `refused` tries each change before it commits it, and compares the reasons.
pub async fn every_refusal_of_a_commit_is_the_dry_runs_refusal(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for (what, expected) in ACTORS {
        let actor = home.make(&format!("actor {what}")).await.view;
        let target = home.make(&format!("target {what}")).await.view;
        let mut changes = changes_by(&home, &actor, &target);
        befall(on, &home, &actor, what).await;
        if what == "expired" {
            changes = changes_by(&home, &actor, &target);
        }
        for change in changes {
            let error = refused(&home, &change).await;
            assert!(expected(&error), "{what}: {error:?}");
        }
    }

    let actor = home.make("actor").await.view;
    let first = home.make("target").await.view;
    let [create, update, rotate, revoke] = changes_by(&home, &actor, &first);
    home.make("FRESH").await;
    let other = home.make("Renamed 1").await.view;
    for change in [&create, &update] {
        let error = refused(&home, change).await;
        assert!(matches!(error, CommitError::NameTaken), "{error:?}");
    }
    let second = home.update(&first, &rename_to("second")).await;
    for change in [&update, &rotate, &revoke] {
        let error = refused(&home, change).await;
        let stored = second.token.version;
        assert!(
            matches!(error, CommitError::Stale { stored: found } if found == stored),
            "{error:?}"
        );
    }
    home.revoke(&second).await;
    for change in [&update, &rotate, &revoke] {
        let error = refused(&home, change).await;
        assert!(matches!(error, CommitError::NotFound), "{error:?}");
    }
    let draft = home.draft("under the key");
    let (made, _) = home.creation(home.actor(&actor), &draft, Some(once(b"{}")));
    home.commit(&made).await.unwrap();
    for body in [b"{}", b"[]"] {
        let draft = home.draft("under the key again");
        let (again, _) = home.creation(home.actor(&actor), &draft, Some(once(body)));
        let error = refused(&home, &again).await;
        assert!(
            matches!(error, CommitError::AlreadyMade { token, .. } if token == made.next().id),
            "{error:?}"
        );
    }
    let changes = changes_by(&home, &actor, &other);
    on.execute(on.backdoor.audit_outage()).await;
    for change in &changes[1..] {
        let error = refused(&home, change).await;
        assert!(matches!(error, CommitError::Fault(_)), "{error:?}");
    }
}

/// Not even for a moment: no record, no event, no secret, no used key, nothing in the feed. The
/// change that it allowed can be committed.
pub async fn a_dry_run_leaves_nothing_behind(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let actor = home.make("actor").await.view;
    let mut target = home.make("target").await.view;
    for kind in 0..4 {
        let change = changes_by(&home, &actor, &target)[kind].clone();
        let before = Snapshot::of(&home).await;
        for _ in 0..2 {
            home.stores.tokens.dry_run(&change).await.unwrap();
        }
        assert_eq!(Snapshot::of(&home).await, before);
        if let Some(digest) = change.write().digest() {
            assert_eq!(on.tokens.find(digest).await.unwrap(), None);
        }
        home.commit(&change).await.unwrap();
        if kind > 0 {
            target = target.after(&change);
        }
    }
}
