//! Creations that come at the same moment, which a store may write together, with their keys.

use countersign_domain::{Actor, Change, Fingerprint, IdempotencyKey, IdempotentRequest};
use futures_util::{FutureExt as _, future::join_all};

use super::StoreUnderTest;
use crate::{
    ports::CommitError,
    testing::{TestTenant, no_change, rename_to},
};

/// More than one statement is under way for.
const MANY: usize = 24;

type Outcome = Result<(), CommitError>;

fn under(key: &str) -> IdempotentRequest {
    IdempotentRequest {
        key: key.parse().unwrap(),
        fingerprint: Fingerprint::of(key.as_bytes()),
    }
}

fn creation(home: &TestTenant, by: Actor, name: &str, key: Option<&str>) -> Change {
    let mut draft = home.draft(name);
    draft.allowed_addresses = vec!["192.0.2.1".into(), "2001:db8::/32".into()];
    home.creation(by, &draft, key.map(under)).0
}

async fn commit_all(home: &TestTenant, changes: &[Change]) -> Vec<Outcome> {
    join_all(changes.iter().map(|change| home.commit(change))).await
}

/// What the key of that name made, if it did.
async fn made_under(home: &TestTenant, key: &str) -> Option<countersign_domain::TokenId> {
    let (tenant, system) = (home.tenant.id, home.tenant.system.id);
    let since = home.stores.clock.now();
    let since = since.minus_seconds(IdempotencyKey::WINDOW_SECONDS);
    let key = key.parse().unwrap();
    let tokens = &home.stores.tokens;
    let found = tokens.find_by_idempotency_key(tenant, system, &key, since);
    found.await.unwrap().map(|found| found.token)
}

/// All that is stored of a creation, or nothing.
async fn assert_stored(home: &TestTenant, change: &Change, is_stored: bool) {
    let (stores, tenant, next) = (&home.stores, home.tenant.id, change.next());
    let view = home.get(next.id).await;
    assert_eq!(view.map(|view| view.token), is_stored.then(|| next.clone()));
    let user = stores.users.user(tenant, next.user).await.unwrap();
    assert_eq!(
        user.map(|user| user.name.to_string()),
        is_stored.then(|| next.name.to_string())
    );
    let events = stores.tokens.events(tenant, next.id, None, 9).await;
    let events: Vec<_> = events.unwrap().into_iter().map(|view| view.event).collect();
    let expected: Vec<_> = is_stored
        .then(|| change.event().clone())
        .into_iter()
        .collect();
    assert_eq!(events, expected);
    let digest = change.write().digest().unwrap();
    let found = stores.tokens.find(digest).await.unwrap();
    assert_eq!(
        found.map(|found| found.token),
        is_stored.then_some(change.next().id)
    );
}

/// With their users, secrets, events and keys; they verify.
pub async fn creations_at_once_are_each_stored_whole(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let key = |n: usize| format!("key-{n}");
    let changes: Vec<_> = (0..MANY)
        .map(|n| {
            let key = (n % 2 == 0).then(|| key(n));
            creation(&home, home.system(), &format!("token {n}"), key.as_deref())
        })
        .collect();
    for outcome in commit_all(&home, &changes).await {
        outcome.unwrap();
    }
    for (n, change) in changes.iter().enumerate() {
        assert_stored(&home, change, true).await;
        let expected = (n % 2 == 0).then_some(change.next().id);
        assert_eq!(made_under(&home, &key(n)).await, expected);
        let (tenant, id) = (home.tenant.id, change.next().id);
        let record = on.audit.recorded(tenant, id).await.unwrap().unwrap();
        let mut verifier = countersign_domain::ChainVerifier::default();
        verifier.push(change.event()).unwrap();
        verifier.finish(&record).unwrap();
    }
}

/// What each refused one would have written is written nowhere, its key among it.
pub async fn each_of_many_creations_has_its_own_outcome(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    home.make("taken").await;
    let used = creation(&home, home.system(), "used", Some("used"));
    home.commit(&used).await.unwrap();
    let gone = home.make("gone").await.view;
    home.revoke(&gone).await;
    let narrowed = home.make("narrowed").await.view;
    let mut less = no_change(&narrowed);
    less.permissions = Some(vec!["api.tasks.read".into()]);
    home.update(&narrowed, &less).await;
    let key = |n: usize| format!("key-{n}");
    let changes: Vec<_> = (0..MANY)
        .map(|n| {
            let (name, key) = (format!("token {n}"), key(n));
            match n % 6 {
                0 => creation(&home, home.system(), &name, Some(&key)),
                1 => creation(&home, home.system(), "TAKEN", Some(&key)),
                2 => creation(&home, home.actor(&gone), &name, None),
                3 => creation(&home, home.actor(&narrowed), &name, Some(&key)),
                // The key decides before the name.
                4 => creation(&home, home.system(), "taken", Some("used")),
                _ => creation(&home, home.system(), "taken", None),
            }
        })
        .collect();
    for (n, outcome) in commit_all(&home, &changes).await.into_iter().enumerate() {
        let expected = match n % 6 {
            0 => outcome.is_ok(),
            2 => matches!(outcome, Err(CommitError::ActorGone)),
            3 => matches!(outcome, Err(CommitError::ActorNarrowed)),
            4 => matches!(&outcome, Err(CommitError::AlreadyMade { token, fingerprint })
                if *token == used.next().id && *fingerprint == Fingerprint::of(b"used")),
            _ => matches!(outcome, Err(CommitError::NameTaken)),
        };
        assert!(expected, "{n}: {outcome:?}");
        assert_stored(&home, &changes[n], n % 6 == 0).await;
        let made = (n % 6 == 0).then(|| changes[n].next().id);
        assert_eq!(made_under(&home, &key(n)).await, made);
    }
}

/// The losers learn which token their key made, and take no name.
pub async fn of_creations_at_once_under_one_key_each_one_is_made(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let changes: Vec<_> = (0..2 * MANY)
        .map(|n| {
            let (name, key) = (format!("token {n}"), format!("key-{}", n / 2));
            creation(&home, home.system(), &name, Some(&key))
        })
        .collect();
    let outcomes = commit_all(&home, &changes).await;
    for (changes, pair) in changes.chunks(2).zip(outcomes.chunks(2)) {
        let made = usize::from(pair[0].is_err());
        let lost = 1 - made;
        assert!(pair[made].is_ok(), "{pair:?}");
        assert!(
            matches!(pair[lost], Err(CommitError::AlreadyMade { token, .. })
                if token == changes[made].next().id),
            "{pair:?}"
        );
        assert_stored(&home, &changes[made], true).await;
        assert_stored(&home, &changes[lost], false).await;
    }
}

/// One of the two has the name.
pub async fn a_creation_and_a_rename_to_one_name_have_one_winner(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut changes = Vec::new();
    for n in 0..MANY {
        let (view, wanted) = (home.make(&format!("token {n}")).await.view, n.to_string());
        changes.push(home.edit(home.system(), &view, &rename_to(&wanted)));
        changes.push(creation(&home, home.system(), &wanted, None));
    }
    for pair in commit_all(&home, &changes).await.chunks(2) {
        assert!(
            matches!(
                pair,
                [Ok(()), Err(CommitError::NameTaken)] | [Err(CommitError::NameTaken), Ok(())]
            ),
            "{pair:?}"
        );
    }
}

/// What it makes counts as made before it was narrowed, or is refused.
pub async fn an_update_of_an_actor_and_creations_by_it_have_an_order(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    for round in 0..10 {
        let actor = home.make(&format!("actor {round}")).await.view;
        let mut less = no_change(&actor);
        less.permissions = Some(vec!["api.tasks.read".into()]);
        let by = |n| creation(&home, home.actor(&actor), &format!("by {round} {n}"), None);
        let mut changes: Vec<_> = (0..8).map(by).collect();
        changes.insert(round % 9, home.edit(home.system(), &actor, &less));
        let outcomes = commit_all(&home, &changes).await;
        assert!(outcomes[round % 9].is_ok());
        for (outcome, change) in outcomes.iter().zip(&changes) {
            assert!(
                matches!(outcome, Ok(()) | Err(CommitError::ActorNarrowed)),
                "{outcome:?}"
            );
            assert_eq!(home.get(change.next().id).await.is_some(), outcome.is_ok());
        }
        let late = home.commit(&by(8)).await;
        assert!(matches!(late, Err(CommitError::ActorNarrowed)), "{late:?}");
    }
}

/// Those of a day before make room, for a new token or for good; younger ones stay.
pub async fn creations_at_once_replace_keys_of_the_day_before(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let make = async |names: &str, keys: &[String]| {
        let changes: Vec<_> = keys
            .iter()
            .map(|key| {
                let name = format!("{names} {key}");
                creation(&home, home.system(), &name, Some(key))
            })
            .collect();
        for outcome in commit_all(&home, &changes).await {
            outcome.unwrap();
        }
        changes
    };
    let keys = |prefix: &str| -> Vec<_> { (0..MANY).map(|n| format!("{prefix}-{n}")).collect() };
    let early = home.stores.clock.now();
    make("old", &keys("kept")).await;
    make("old", &keys("left")).await;
    on.clock.advance(1);
    let young = make("young", &keys("young")).await;
    on.clock.advance(IdempotencyKey::WINDOW_SECONDS);
    let new = make("new", &keys("kept")).await;
    for (change, key) in young.iter().zip(keys("young")) {
        assert_eq!(made_under(&home, &key).await, Some(change.next().id));
    }
    for (change, key) in new.iter().zip(keys("kept")) {
        assert_eq!(made_under(&home, &key).await, Some(change.next().id));
    }
    for key in keys("left") {
        let (tenant, system) = (home.tenant.id, home.tenant.system.id);
        let key = key.parse().unwrap();
        let found = on
            .tokens
            .find_by_idempotency_key(tenant, system, &key, early);
        assert_eq!(found.await.unwrap(), None, "{key:?}");
    }
}

/// The creation of a caller that left is stored whole or not at all; the others are stored.
pub async fn callers_that_leave_take_no_creation_of_others_along(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let changes: Vec<_> = (0..MANY)
        .map(|n| creation(&home, home.system(), &format!("token {n}"), None))
        .collect();
    let mut staying = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        let mut commit = Box::pin(home.commit(change));
        let early = commit.as_mut().now_or_never();
        assert!(early.is_none_or(|early| early.is_ok()));
        if n % 3 == 2 {
            staying.push(commit);
        }
    }
    for outcome in join_all(staying).await {
        outcome.unwrap();
    }
    for (n, change) in changes.iter().enumerate() {
        if n % 3 == 2 {
            assert_stored(&home, change, true).await;
        } else if let Some(stored) = home.get(change.next().id).await {
            assert_eq!(stored.token, *change.next());
        }
    }
}
