//! Changes that a token has in flight while it is revoked or narrowed: each counts as earlier, and
//! is visible when the loss is acknowledged, or it is refused.

use std::collections::BTreeSet;

use countersign_domain::{Actor, Change, Secret, TokenId};
use futures_util::future::{join, join_all};
use tokio::sync::watch;

use super::StoreUnderTest;
use crate::{
    IssuedToken,
    ports::CommitError,
    testing::{Stores, TestTenant, no_change},
};

/// The number of runs of each race.
const ROUNDS: usize = 200;
/// The number of connections from which the token creates others in the meantime.
const WRITERS: usize = 6;

/// Changes that end or reduce a token's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Its revocation.
    Revoked,
    /// An update that removes the permissions to create, change and delete tokens.
    Narrowed,
    /// A rotation without an overlap, while the token acts by its previous secret.
    Rotated,
    /// An update to an expiry that has passed when the token acts.
    Shortened,
    /// An update to a list of addresses that the token does not act from.
    Relocated,
}

impl Loss {
    /// The change that causes the loss.
    fn change(self, home: &TestTenant, by: Actor, made: &IssuedToken) -> Change {
        let view = &made.view;
        let mut edit = no_change(view);
        match self {
            Self::Revoked => return home.revocation(by, view),
            Self::Rotated => {
                let secret = Secret::from_random(&home.stores.random());
                return home.rotation(by, view, &secret, 0);
            }
            Self::Narrowed => edit.permissions = Some(vec!["api.tasks.read".to_owned()]),
            Self::Relocated => edit.allowed_addresses = Some(vec!["198.51.100.0/24".to_owned()]),
            Self::Shortened => edit.expiry = Some(home.stores.clock.now().plus_seconds(60)),
        }
        home.edit(by, view, &edit)
    }
}

/// The token as an actor with its own secret.
fn acting(home: &TestTenant, made: &IssuedToken) -> Actor {
    let mut actor = home.actor(&made.view);
    actor.secret = Some(made.secret.digest());
    actor
}

fn is_refusal(error: &CommitError) -> bool {
    matches!(
        error,
        CommitError::ActorGone | CommitError::ActorNarrowed | CommitError::ActorMoved
    )
}

/// Two tokens take the right to do so from each other, at the same time, each through a node of its
/// own: exactly one of the two changes is stored.
///
/// # Panics
/// If both were stored, or one was refused for another reason.
pub async fn duels(nodes: [&TestTenant; 2], loss: Loss, rounds: usize) {
    let home = nodes[0];
    for round in 0..rounds {
        let one = home.make(&format!("{loss:?} one {round}")).await;
        let other = home.make(&format!("{loss:?} other {round}")).await;
        let changes = [(&one, &other), (&other, &one)];
        let changes = changes.map(|(by, of)| loss.change(home, acting(home, by), of));
        let outcomes = join(nodes[0].commit(&changes[0]), nodes[1].commit(&changes[1])).await;
        match outcomes {
            (Ok(()), Err(error)) | (Err(error), Ok(())) if is_refusal(&error) => {}
            // The loser's target may be gone before its own right is checked.
            (Ok(()), Err(CommitError::NotFound)) | (Err(CommitError::NotFound), Ok(())) => {}
            both => panic!("round {round}: {both:?}"),
        }
    }
}

/// A token creates others without a pause, through both nodes, until it loses the right to: all
/// that it created is visible when the loss is acknowledged, and nothing lands after that.
///
/// # Panics
/// If something lands after that.
pub async fn losses_in_flight(nodes: [&Stores; 2], loss: Loss, rounds: usize) {
    for round in 0..rounds {
        let home = nodes[0].realm(&format!("{loss:?} {round}")).await;
        let away = TestTenant {
            stores: nodes[1].clone(),
            ..home.clone()
        };
        let actor = home.make("actor").await;
        let change = loss.change(&home, home.system(), &actor);
        if loss == Loss::Shortened {
            home.stores.clock.advance(120);
        }
        let made = watch::Sender::new(0);
        let writers = (0..WRITERS).map(|n| {
            let node = if n % 2 == 0 { &home } else { &away };
            create_until_refused(node, &actor, &made)
        });
        let acknowledged = async {
            // A loop of reads here can keep the server's writers waiting for a processor for 2 s.
            let enough = |made: &usize| *made >= WRITERS;
            made.subscribe().wait_for(enough).await.unwrap();
            home.commit(&change).await.unwrap();
            children(&home, &actor).await
        };
        let (seen, _) = join(acknowledged, join_all(writers)).await;
        let left = children(&away, &actor).await;
        let late: Vec<_> = left.difference(&seen).collect();
        assert!(late.is_empty(), "round {round}: {late:?} came late");
        assert_eq!(left.len(), *made.borrow(), "round {round}");
    }
}

async fn create_until_refused(home: &TestTenant, actor: &IssuedToken, made: &watch::Sender<usize>) {
    loop {
        let name = u64::from_be_bytes(home.stores.random());
        let draft = home.draft(&format!("child {name}"));
        let change = home.creation(acting(home, actor), &draft, None).0;
        match home.commit(&change).await {
            Ok(()) => made.send_modify(|made| *made += 1),
            Err(error) if is_refusal(&error) => return,
            Err(other) => panic!("{other:?}"),
        }
    }
}

async fn children(home: &TestTenant, actor: &IssuedToken) -> BTreeSet<TokenId> {
    let (mut children, mut after) = (BTreeSet::new(), None);
    loop {
        let page = home.stores.tokens.list(home.tenant.id, after, u8::MAX);
        let page = page.await.unwrap().content;
        let Some(last) = page.last() else {
            return children;
        };
        after = Some(last.token.id);
        let made = page.into_iter();
        let made = made.filter(|view| view.created_by.id == actor.view.token.user);
        children.extend(made.map(|view| view.token.id));
    }
}

/// One of them is revoked, and the other stays.
pub async fn of_two_tokens_that_revoke_each_other_one_stays(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    duels([&home, &home], Loss::Revoked, ROUNDS).await;
}

/// Each takes these permissions from the other.
pub async fn of_two_tokens_that_narrow_each_other_one_keeps_its_rights(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    duels([&home, &home], Loss::Narrowed, ROUNDS).await;
}

/// By the addresses from which each may act.
pub async fn of_two_tokens_that_relocate_each_other_one_stays_in_place(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    duels([&home, &home], Loss::Relocated, ROUNDS).await;
}

/// Each ends the secret that the other one presents.
pub async fn of_two_tokens_that_rotate_each_other_one_keeps_its_secret(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    duels([&home, &home], Loss::Rotated, ROUNDS).await;
}

/// When the revocation is acknowledged, all that the token ever created can be found.
pub async fn nothing_of_a_token_lands_after_its_revocation(on: &StoreUnderTest) {
    losses_in_flight([on, on], Loss::Revoked, ROUNDS).await;
}

/// Nor after the loss of a permission that the write relied on.
pub async fn nothing_of_a_token_lands_after_its_narrowing(on: &StoreUnderTest) {
    losses_in_flight([on, on], Loss::Narrowed, ROUNDS).await;
}

/// Nor after its list of addresses no longer admits where it acts from.
pub async fn nothing_of_a_token_lands_after_its_addresses_were_narrowed(on: &StoreUnderTest) {
    losses_in_flight([on, on], Loss::Relocated, ROUNDS).await;
}

/// Nor by a secret after the rotation that ended it.
pub async fn nothing_by_a_secret_lands_after_the_rotation_that_ended_it(on: &StoreUnderTest) {
    losses_in_flight([on, on], Loss::Rotated, ROUNDS).await;
}

/// Nor after an expiry that was moved to before the write.
pub async fn nothing_of_a_token_lands_after_its_expiry_was_shortened(on: &StoreUnderTest) {
    losses_in_flight([on, on], Loss::Shortened, ROUNDS).await;
}

/// Tokens change each other and take each other's names, in all directions at the same time, and
/// each gets the right outcome.
pub async fn tokens_that_change_each_other_in_a_circle_all_end(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    circles([&home, &home], 25).await;
}

/// The number of tokens that change each other.
const RING: usize = 6;

/// Every token gives every other one the name of a third, all at the same time.
///
/// # Panics
/// If a change ends in another way than stored or refused because of a rival.
pub async fn circles(nodes: [&TestTenant; 2], rounds: usize) {
    let home = nodes[0];
    let mut ring = Vec::new();
    for n in 0..RING {
        ring.push(home.make(&format!("ring {n}")).await.view);
    }
    for round in 0..rounds {
        let mut changes = Vec::new();
        for (by, of) in (0..RING * RING).map(|n| (n / RING, n % RING)) {
            // A name that is in use, or a new one, so that names become free.
            let name = match (by + of + round) % 3 {
                0 => format!("ring {round} {by} {of}"),
                _ => ring[(of + by) % RING].token.name.to_string(),
            };
            let mut edit = no_change(&ring[of]);
            edit.name = name;
            if edit.name == ring[of].token.name.as_str() {
                edit.expiry = Some(ring[of].token.expiry.minus_seconds(1));
            }
            changes.push(home.edit(home.actor(&ring[by]), &ring[of], &edit));
        }
        let commits = changes.iter().enumerate();
        let commits = commits.map(|(n, change)| nodes[n % 2].commit(change));
        for outcome in join_all(commits).await {
            assert!(
                matches!(
                    outcome,
                    Ok(()) | Err(CommitError::Stale { .. } | CommitError::NameTaken)
                ),
                "round {round}: {outcome:?}"
            );
        }
        for view in &mut ring {
            *view = home.get(view.token.id).await.unwrap();
        }
    }
}
