//! Several secrets of one token, which replace each other.

use countersign_domain::{Actor, ChainVerifier, Change, EventKind, Secret, SecretView};
use futures_util::future::join_all;

use super::{StoreUnderTest, refused};
use crate::{
    IssuedToken,
    ports::CommitError,
    testing::{TestTenant, rename_to},
};

async fn secrets(home: &TestTenant, view: &countersign_domain::TokenView) -> Vec<SecretView> {
    let (tokens, now) = (&home.stores.tokens, home.stores.clock.now());
    let told = tokens.secrets(home.tenant.id, view.token.id, now);
    told.await.unwrap()
}

/// The same id and user, with the current record.
pub async fn a_new_secret_leads_to_the_same_token(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("rotated").await;
    on.clock.advance(60);
    let rotated = home.rotate(&made.view, 0).await;
    let found = on.tokens.find(&rotated.secret.digest()).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.token, made.view.token.id);
    assert_eq!(found.user, made.view.token.user);
    assert_eq!(found.version, rotated.view.token.version);
    assert_eq!((found.valid_until, found.modified), (None, on.clock.now()));
    let read = home.get(made.view.token.id).await.unwrap();
    assert_eq!(read, rotated.view);
    assert_eq!(read.token.partial, rotated.secret.masked());
}

/// The caller judges whether that end has passed.
pub async fn a_replaced_secret_tells_when_it_ends(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("rotated").await;
    let rotated = home.rotate(&made.view, 3600).await;
    let end = on.clock.now().plus_seconds(3600);
    let digest = made.secret.digest();
    let found = || on.tokens.find(&digest);
    assert_eq!(found().await.unwrap().unwrap().valid_until, Some(end));
    on.clock.advance(7200);
    assert_eq!(found().await.unwrap().unwrap().valid_until, Some(end));
    // An update touches no secret.
    home.update(&rotated.view, &rename_to("renamed")).await;
    assert_eq!(found().await.unwrap().unwrap().valid_until, Some(end));
}

/// And never prolongs it.
pub async fn a_second_rotation_ends_the_oldest(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = home.make("rotated").await;
    let bystander = home.make("bystander").await;
    let begin = on.clock.now();
    let second = home.rotate(&first.view, 3600).await;
    on.clock.advance(60);
    let third = home.rotate(&second.view, 600).await;
    let valid_until = |digest| async move {
        let found = on.tokens.find(&digest).await.unwrap();
        found.unwrap().valid_until
    };
    let now = on.clock.now();
    assert_eq!(valid_until(first.secret.digest()).await, Some(now));
    assert_eq!(
        valid_until(second.secret.digest()).await,
        Some(now.plus_seconds(600))
    );
    assert_eq!(valid_until(third.secret.digest()).await, None);
    assert_eq!(valid_until(bystander.secret.digest()).await, None);
    // A secret that had ended before keeps its end.
    on.clock.advance(60);
    home.rotate(&third.view, 0).await;
    assert_eq!(
        valid_until(first.secret.digest()).await,
        Some(begin.plus_seconds(60))
    );
}

/// With the parts of them that may be shown.
pub async fn secrets_are_told_newest_first_while_they_work(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = home.make("rotated").await;
    let begin = on.clock.now();
    on.clock.advance(60);
    let second = home.rotate(&first.view, 3600).await;
    let old = SecretView {
        digest: Some(first.secret.digest()),
        partial: first.secret.masked(),
        created: begin,
        valid_until: Some(on.clock.now().plus_seconds(3600)),
        last_used: None,
    };
    let new = SecretView {
        digest: Some(second.secret.digest()),
        partial: second.secret.masked(),
        created: on.clock.now(),
        valid_until: None,
        last_used: None,
    };
    assert_eq!(secrets(&home, &first.view).await, [new.clone(), old]);
    on.clock.advance(3600);
    assert_eq!(secrets(&home, &first.view).await, [new]);
    home.revoke(&second.view).await;
    assert_eq!(secrets(&home, &first.view).await, []);
}

/// Even with the right id.
pub async fn secrets_of_another_tenant_are_not_told(on: &StoreUnderTest) {
    let (home, abroad) = (on.realm("home").await, on.realm("abroad").await);
    let made = home.make("mine").await;
    assert_eq!(secrets(&home, &made.view).await.len(), 1);
    assert_eq!(secrets(&abroad, &made.view).await, []);
}

/// And no secret of a loser ever works.
pub async fn racing_rotations_of_one_version_have_one_winner(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("rotated").await;
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let secret = Secret::from_random(&on.random());
            let change = home.rotation(home.system(), &made.view, &secret, 60);
            (secret, change)
        })
        .collect();
    let outcomes = join_all(racers.iter().map(|(_, change)| home.commit(change))).await;
    let mut winners = 0;
    for ((secret, _), outcome) in racers.iter().zip(outcomes) {
        let found = on.tokens.find(&secret.digest()).await.unwrap();
        match outcome {
            Ok(()) => {
                winners += 1;
                assert!(found.is_some());
            }
            Err(CommitError::Stale { stored }) => {
                assert_eq!(stored, made.view.token.version.next());
                assert_eq!(found, None);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(secrets(&home, &made.view).await.len(), 2);
}

/// The previous secret works on as before.
pub async fn a_stale_rotation_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let made = home.make("rotated").await;
    home.update(&made.view, &rename_to("changed")).await;
    let secret = Secret::from_random(&on.random());
    let change = home.rotation(home.system(), &made.view, &secret, 60);
    let error = refused(&home, &change).await;
    assert!(matches!(error, CommitError::Stale { .. }), "{error:?}");
    let found = on.tokens.find(&made.secret.digest()).await.unwrap();
    assert_eq!(found.unwrap().valid_until, None);
}

/// Like every other change.
pub async fn a_gone_actor_rotates_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (actor, target) = (home.make("actor").await.view, home.make("target").await);
    let secret = Secret::from_random(&on.random());
    let change = home.rotation(home.actor(&actor), &target.view, &secret, 60);
    home.revoke(&actor).await;
    let error = refused(&home, &change).await;
    assert!(matches!(error, CommitError::ActorGone), "{error:?}");
    let found = on.tokens.find(&target.secret.digest()).await.unwrap();
    assert_eq!(found.unwrap().valid_until, None);
}

/// The token as an actor that presented that secret.
fn presenting(home: &TestTenant, made: &IssuedToken) -> Actor {
    Actor {
        secret: Some(made.secret.digest()),
        ..home.actor(&made.view)
    }
}

/// One change of each kind on a token, by the actor with that secret.
fn changes_by(home: &TestTenant, actor: &IssuedToken, target: &IssuedToken) -> [Change; 4] {
    let actor = || presenting(home, actor);
    let fresh = Secret::from_random(&home.stores.random());
    [
        home.creation(actor(), &home.draft("fresh"), None).0,
        home.edit(actor(), &target.view, &rename_to("renamed")),
        home.rotation(actor(), &target.view, &fresh, 60),
        home.revocation(actor(), &target.view),
    ]
}

async fn all_gone(home: &TestTenant, changes: [Change; 4]) {
    for change in changes {
        let error = refused(home, &change).await;
        assert!(matches!(error, CommitError::ActorGone), "{error:?}");
    }
}

/// Neither changes in flight when the secret was ended, nor later ones, on other tokens or its own;
/// nor after its overlap, nor as a secret of another token.
pub async fn a_secret_that_was_cut_writes_nothing(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let (old, target) = (home.make("actor").await, home.make("target").await);
    let under_way = changes_by(&home, &old, &target);
    on.clock.advance(60);
    let second = home.rotate(&old.view, 0).await;
    all_gone(&home, under_way).await;
    all_gone(&home, changes_by(&home, &old, &target)).await;
    let itself =
        [&old, &second].map(|of| home.edit(presenting(&home, &old), &of.view, &rename_to("me")));
    for change in itself {
        let error = refused(&home, &change).await;
        assert!(matches!(error, CommitError::ActorGone), "{error:?}");
    }
    // A secret whose overlap a further rotation cut short.
    let third = home.rotate(&second.view, 3600).await;
    let under_way = changes_by(&home, &second, &target);
    on.clock.advance(60);
    home.rotate(&third.view, 3600).await;
    all_gone(&home, under_way).await;
    // A secret whose overlap ended.
    on.clock.advance(3600);
    all_gone(&home, changes_by(&home, &third, &target)).await;
    let stolen = IssuedToken {
        secret: target.secret.clone(),
        ..third
    };
    all_gone(&home, changes_by(&home, &stolen, &target)).await;
}

/// To its last microsecond, beside the new one.
pub async fn a_secret_in_its_overlap_still_writes(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let old = home.make("actor").await;
    let new = home.rotate(&old.view, 60).await;
    on.clock.advance(59);
    for (of, name) in [(&old, "by the old one"), (&new, "by the new one")] {
        let actor = || presenting(&home, of);
        let target = home.make(&format!("target {name}")).await;
        let (create, _) = home.creation(actor(), &home.draft(name), None);
        let renamed = format!("renamed {name}");
        let update = home.edit(actor(), &target.view, &rename_to(&renamed));
        home.commit(&create).await.unwrap();
        home.commit(&update).await.unwrap();
    }
}

/// All that it ever had.
pub async fn a_revoked_token_takes_its_secrets_along(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = home.make("rotated").await;
    let second = home.rotate(&first.view, 3600).await;
    home.revoke(&second.view).await;
    for digest in [first.secret.digest(), second.secret.digest()] {
        assert_eq!(on.tokens.find(&digest).await.unwrap(), None);
    }
}

/// With the partial tokens, and the end of the old secret.
pub async fn rotations_are_in_the_chain(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let first = home.make("rotated").await;
    let second = home.rotate(&first.view, 60).await;
    let third = home.rotate(&second.view, 0).await;
    let (tenant, id) = (home.tenant.id, first.view.token.id);
    let mut verifier = ChainVerifier::default();
    let chain = on.audit.chain(tenant, id, None, 100).await.unwrap();
    for event in &chain {
        verifier.push(event).unwrap();
    }
    let record = on.audit.recorded(tenant, id).await.unwrap().unwrap();
    verifier.finish(&record).unwrap();
    assert_eq!(record.token, third.view.token);
    let content = &chain[1].content;
    assert_eq!(content.kind, EventKind::Rotated);
    let shown = content.changes.partial_token.clone().unwrap();
    assert_eq!(shown.after, Some(second.secret.masked()));
}
