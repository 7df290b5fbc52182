//! Descent of tokens: by creations and rotations, over any number of steps, and never across
//! tenants.

use countersign_domain::{
    Change, Descent, EventKind, Secret, Timestamp, TokenId, TokenView, UpdateOutcome,
};

use super::{StoreUnderTest, refused};
use crate::{
    ports::{CommitError, Descendants, Lineage},
    testing::{TestTenant, no_change, rename_to},
};

/// Creates a token by another one, a minute after the previous event.
async fn child(home: &TestTenant, maker: &TokenView, name: &str) -> TokenView {
    home.stores.clock.advance(60);
    let made = home.make_by(home.actor(maker), &home.draft(name)).await;
    made.view
}

/// Rotates a token by another one, a minute after the previous event.
async fn rotated(home: &TestTenant, by: &TokenView, target: &TokenView) -> TokenView {
    home.stores.clock.advance(60);
    let secret = Secret::from_random(&home.stores.random());
    let change = home.rotation(home.actor(by), target, &secret, 0);
    home.commit(&change).await.unwrap();
    target.after(&change)
}

async fn lineage(
    home: &TestTenant,
    token: TokenId,
    since: Option<Timestamp>,
    limit: u32,
) -> Option<Descendants> {
    let lineage = Lineage { token, since };
    let found = home
        .stores
        .tokens
        .descendants(home.tenant.id, lineage, limit);
    found.await.unwrap()
}

/// The names of a whole lineage, in its order.
async fn names(home: &TestTenant, head: &TokenView, since: Option<Timestamp>) -> Vec<String> {
    let found = lineage(home, head.token.id, since, 100).await.unwrap();
    assert_eq!(found.total, found.tokens.len() as u64);
    let names = found.tokens.into_iter().map(|found| found.name.unwrap());
    names.map(|name| name.as_str().to_owned()).collect()
}

async fn descends(home: &TestTenant, token: &TokenView, ancestor: &TokenView) -> bool {
    let (token, ancestor) = (token.token.id, ancestor.token.id);
    let found = home.stores.tokens.descends(home.tenant.id, token, ancestor);
    found.await.unwrap()
}

/// The head first, each generation after its creators, with the origin of each; and no token of
/// others.
pub async fn descendants_come_after_their_makers(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let head = home.make("head").await.view;
    let stranger = home.make("stranger").await.view;
    let first = child(&home, &head, "first").await;
    child(&home, &stranger, "other").await;
    let deep = child(&home, &first, "deep").await;
    child(&home, &deep, "deeper").await;
    child(&home, &head, "second").await;
    home.update_by(home.actor(&head), &stranger, &rename_to("renamed"))
        .await;
    let expected = ["head", "first", "second", "deep", "deeper"];
    assert_eq!(names(&home, &head, None).await, expected);
    assert_eq!(names(&home, &deep, None).await, ["deep", "deeper"]);
    let found = lineage(&home, head.token.id, None, 100).await.unwrap();
    let [itself, one, ..] = &found.tokens[..] else {
        panic!("{found:?}")
    };
    assert_eq!((itself.id, itself.origin), (head.token.id, None));
    let origin = one.origin.unwrap();
    assert_eq!(
        (origin.kind, origin.by),
        (EventKind::Created, head.token.id)
    );
    assert_eq!(one.version, Some(first.token.version));
    assert_eq!(one.created, Some(first.token.created));
}

/// A token that rotates another learns its secret. Rotating itself, or a change of another kind,
/// makes no descendant.
pub async fn what_was_rotated_descends(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let head = home.make("head").await.view;
    let taken = home.make("taken").await.view;
    let made = child(&home, &taken, "made").await;
    rotated(&home, &made, &made).await;
    assert_eq!(names(&home, &head, None).await, ["head"]);
    let taken = rotated(&home, &head, &taken).await;
    assert_eq!(names(&home, &head, None).await, ["head", "taken", "made"]);
    let found = lineage(&home, head.token.id, None, 100).await.unwrap();
    let origin = found.tokens[1].origin.unwrap();
    assert_eq!(
        (origin.kind, origin.by),
        (EventKind::Rotated, head.token.id)
    );
    assert!(descends(&home, &made, &head).await);
    assert!(!descends(&home, &head, &taken).await);
    assert!(!descends(&home, &taken, &made).await);
}

/// An event at the instant itself counts; earlier descendants do not, unless they descend again.
pub async fn only_what_came_since_is_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let head = home.make("head").await.view;
    let early = child(&home, &head, "early").await;
    let late = child(&home, &head, "late").await;
    child(&home, &early, "of early").await;
    let at = late.token.created;
    let next = Timestamp::from_micros(at.as_micros() + 1);
    assert_eq!(names(&home, &head, Some(at)).await, ["head", "late"]);
    assert_eq!(names(&home, &head, next).await, ["head"]);
    assert_eq!(names(&home, &early, next).await, ["early", "of early"]);
    rotated(&home, &head, &early).await;
    let again = ["head", "early", "of early"];
    assert_eq!(names(&home, &head, next).await, again);
    assert!(
        descends(&home, &late, &head).await,
        "the whole history counts"
    );
}

/// Each is found once, from every starting point.
pub async fn makers_in_a_circle_are_found_once(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let one = home.make("one").await.view;
    let two = home.make("two").await.view;
    let two = rotated(&home, &one, &two).await;
    let one = rotated(&home, &two, &one).await;
    let two = rotated(&home, &one, &two).await;
    child(&home, &two, "made").await;
    assert_eq!(names(&home, &one, None).await, ["one", "two", "made"]);
    assert_eq!(names(&home, &two, None).await.len(), 3);
    assert!(descends(&home, &one, &two).await && descends(&home, &two, &one).await);
}

/// Revoked tokens are neither counted nor listed, not even the head, but their descendants are.
pub async fn what_the_revoked_made_is_still_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let head = home.make("head").await.view;
    let middle = child(&home, &head, "middle").await;
    let last = child(&home, &middle, "last").await;
    home.revoke(&middle).await;
    assert_eq!(names(&home, &head, None).await, ["head", "last"]);
    home.revoke(&head).await;
    assert_eq!(names(&home, &head, None).await, ["last"]);
    assert!(descends(&home, &last, &head).await);
    home.revoke(&last).await;
    assert_eq!(names(&home, &head, None).await, [""; 0]);
    let unknown = TokenId::new(on.clock.now(), &on.random());
    assert_eq!(lineage(&home, unknown, None, 100).await, None);
}

/// Neither as a head, nor by an id, nor through users with equal ids.
pub async fn lineages_end_at_the_tenant(on: &StoreUnderTest) {
    let (home, away) = (on.realm("home").await, on.realm("away").await);
    let head = home.make("head").await.view;
    let made = child(&home, &head, "made").await;
    assert_eq!(lineage(&away, head.token.id, None, 100).await, None);
    let found = away
        .stores
        .tokens
        .descends(away.tenant.id, made.token.id, head.token.id);
    assert!(!found.await.unwrap());
}

/// Creators come before the tokens that they created, even if only a part is listed; and a chain of
/// many generations ends in time.
pub async fn a_long_line_is_counted_whole_and_listed_in_part(on: &StoreUnderTest) {
    const LONG: u64 = 60;
    let home = on.realm("home").await;
    let head = home.make("head").await.view;
    let mut last = head.clone();
    for n in 1..LONG {
        last = child(&home, &last, &format!("generation {n}")).await;
    }
    let found = lineage(&home, head.token.id, None, 7).await.unwrap();
    assert_eq!((found.total, found.tokens.len()), (LONG, 7));
    let last_listed = found.tokens[6].name.as_ref().unwrap();
    assert_eq!(last_listed.as_str(), "generation 6");
    home.revoke(&head).await;
    let found = lineage(&home, head.token.id, None, 7).await.unwrap();
    assert_eq!((found.total, found.tokens.len()), (LONG - 1, 7));
    assert!(descends(&home, &last, &head).await);
    assert!(!descends(&home, &head, &last).await);
}

/// Whatever its record holds, it is found by its id, because it is to be revoked.
pub async fn an_unreadable_descendant_is_found(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let head = home.make("head").await.view;
    let made = child(&home, &head, "made").await;
    for what in [super::Corruption::Name, super::Corruption::Permissions] {
        on.execute(on.backdoor.corrupt(what)).await;
    }
    let found = lineage(&home, head.token.id, None, 100).await.unwrap();
    assert_eq!(found.tokens[1].id, made.token.id);
    assert_eq!(found.tokens[1].name, None);
}

/// A widening whose commit checks the descent.
fn widening(home: &TestTenant, by: &TokenView, of: &TokenView) -> Change {
    let mut edit = no_change(of);
    edit.expiry = Some(of.token.expiry.plus_seconds(1));
    let request = home.request(home.actor(by));
    match home
        .policy
        .update(&request, of, &edit, Descent::JudgedByCommit)
    {
        Ok(UpdateOutcome::Changed(change)) => *change,
        other => panic!("no change: {other:?}"),
    }
}

/// A token that made a token or a secret may be an ancestor; a token of another tenant is not.
pub async fn what_made_nothing_is_widened_without_a_look_at_descent(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let actor = home.make("actor").await.view;
    let mut view = home.make("target").await.view;
    for _ in 0..2 {
        let change = widening(&home, &actor, &view);
        home.commit(&change).await.unwrap();
        view = view.after(&change);
    }
    let [maker, rotator] = [
        home.make("maker").await.view,
        home.make("rotator").await.view,
    ];
    child(&home, &maker, "made").await;
    rotated(&home, &rotator, &actor).await;
    for ancestor in [&maker, &rotator] {
        let error = refused(&home, &widening(&home, &actor, ancestor)).await;
        assert!(matches!(error, CommitError::MayBeAncestor), "{error:?}");
    }
    home.commit(&widening(&home, &actor, &view)).await.unwrap();
}
