//! Random concurrent changes, compared with the same changes one after the other.

use countersign_domain::{Change, Fingerprint, IdempotentRequest, Secret, TokenView};
use futures_util::future::join_all;

use super::{
    StoreUnderTest,
    order_model::{End, NAMES, Plan, State, TOKENS, What},
};
use crate::{
    ports::CommitError,
    testing::{TestTenant, no_change},
};

const CHANGES: usize = 8;
/// Tenants whose changes come at the same time, so that a store has many to write together.
const TENANTS: usize = 16;
const ROUNDS: usize = 128;

fn end(outcome: &Result<(), CommitError>) -> End {
    match outcome {
        Ok(()) => End::Stored,
        Err(CommitError::Stale { .. }) => End::Stale,
        Err(CommitError::NotFound) => End::NotFound,
        Err(CommitError::NameTaken) => End::NameTaken,
        Err(CommitError::ActorGone) => End::Gone,
        Err(CommitError::ActorNarrowed) => End::Narrowed,
        Err(CommitError::AlreadyMade { .. }) => End::AlreadyMade,
        Err(other) => panic!("{other:?}"),
    }
}

fn name(number: usize) -> String {
    format!("name {number}")
}

fn change(home: &TestTenant, round: usize, views: &[TokenView], plan: Plan) -> Change {
    let (by, of) = (home.actor(&views[plan.by]), &views[plan.of]);
    let mut edit = no_change(of);
    match plan.what {
        What::Rename(number) => edit.name = name(number),
        What::Narrow => edit.permissions = Some(vec!["api.tasks.read".into()]),
        What::Shorten => edit.expiry = Some(of.token.expiry.minus_seconds(1)),
        What::Create(number, under_key) => {
            let once = under_key.then(|| IdempotentRequest {
                key: format!("round-{round}").parse().unwrap(),
                fingerprint: Fingerprint::of(b"{}"),
            });
            return home.creation(by, &home.draft(&name(number)), once).0;
        }
        What::Rotate => {
            let secret = Secret::from_random(&home.stores.random());
            return home.rotation(by, of, &secret, 0);
        }
        What::Revoke => return home.revocation(by, of),
    }
    home.edit(by, of, &edit)
}

/// Some of the names are in use, and some are free.
fn plan(home: &TestTenant, state: &State) -> Plan {
    let random: [u8; 32] = home.stores.random();
    // Numbers in a row come out of the counter of tests: mixed, so that all kinds meet.
    let mixed = random.iter().fold(17_usize, |sum, byte| {
        (sum ^ usize::from(*byte))
            .wrapping_mul(0x0100_0193)
            .rotate_left(7)
    });
    let (of, name) = (mixed / 7 % TOKENS, mixed / 1009 % NAMES);
    let what = match mixed / 101 % 12 {
        0..=1 => What::Narrow,
        2..=4 => What::Rename(name),
        5 => What::Shorten,
        6 => What::Rotate,
        7 => What::Revoke,
        _ => What::Create(name, mixed / 11 % 3 > 0),
    };
    match what {
        What::Rename(name) if state.names[of] == name => plan(home, state),
        what => Plan {
            by: mixed % TOKENS,
            of,
            what,
        },
    }
}

/// What a round ended with: each change, its plan, and its outcome.
type Ended = Vec<(Change, Plan, Result<(), CommitError>)>;

/// Every token is as its winner left it, and every creation is there if it was stored. The names of
/// those who made or changed it may be others by then.
async fn assert_stored(home: &TestTenant, views: &[TokenView], ended: &Ended) {
    let stored = async |view: &TokenView| {
        let stored = home.get(view.token.id).await;
        stored.map(|stored| (stored.token, stored.head))
    };
    let winner = |n: usize| {
        ended.iter().find(|(_, plan, outcome)| {
            plan.of == n && outcome.is_ok() && !matches!(plan.what, What::Create(..))
        })
    };
    for (n, view) in views.iter().enumerate() {
        let expected = match winner(n) {
            Some((_, plan, _)) if matches!(plan.what, What::Revoke) => None,
            Some((change, ..)) => Some(view.after(change)),
            None => Some(view.clone()),
        };
        let expected = expected.map(|view| (view.token, view.head));
        assert_eq!(stored(view).await, expected);
    }
    for (change, plan, outcome) in ended {
        let What::Create(..) = plan.what else {
            continue;
        };
        let view = TokenView::of_new(change);
        let expected = outcome.is_ok().then(|| (view.token.clone(), view.head));
        assert_eq!(stored(&view).await, expected);
        if let Err(CommitError::AlreadyMade { token, .. }) = outcome {
            let maker = ended.iter().find(|(made, ..)| made.next().id == *token);
            let (_, made, stored) = maker.unwrap();
            assert!(stored.is_ok() && made.by == plan.by, "{ended:?}");
        }
    }
}

/// Ends new tokens, and gives each one its rights again, or another one its place.
async fn restore(home: &TestTenant, views: &mut [TokenView], ended: Ended) {
    for (change, plan, outcome) in ended {
        if let (What::Create(..), Ok(())) = (plan.what, outcome) {
            home.revoke(&TokenView::of_new(&change)).await;
        }
    }
    for kept in views {
        let mut edit = no_change(kept);
        edit.permissions = Some(home.draft("").permissions);
        *kept = match home.get(kept.token.id).await {
            Some(view) if view.token.permissions.len() == 1 => {
                edit.name = view.token.name.to_string();
                home.update(&view, &edit).await
            }
            Some(view) => view,
            None => {
                let names = home.stores.tokens.list(home.tenant.id, None, 100).await;
                let names = names.unwrap().content;
                let is_taken = |name: &String| {
                    let mut names = names.iter();
                    names.any(|view| view.token.name.as_str() == name)
                };
                let free = (0..NAMES).map(name).find(|name| !is_taken(name));
                home.make(&free.unwrap()).await.view
            }
        };
    }
}

/// The number in a token's name.
fn number(view: &TokenView) -> usize {
    let (_, number) = view.token.name.as_str().split_once(' ').unwrap();
    number.parse().unwrap()
}

async fn rounds_of_a_tenant(on: &StoreUnderTest, tenant: usize) {
    let home = on.realm(&format!("home {tenant}")).await;
    let mut views = Vec::new();
    for n in 0..TOKENS {
        views.push(home.make(&name(n)).await.view);
    }
    for round in 0..ROUNDS {
        let state = State::of(std::array::from_fn(|n| number(&views[n])));
        let plans: Vec<_> = (0..CHANGES).map(|_| plan(&home, &state)).collect();
        let ended = join_all(plans.into_iter().map(async |plan| {
            let change = change(&home, round, &views, plan);
            let outcome = home.commit(&change).await;
            (change, plan, outcome)
        }));
        let ended = ended.await;
        let ends = ended.iter().map(|(_, plan, outcome)| (*plan, end(outcome)));
        let mut ends: Vec<_> = ends.collect();
        assert!(
            state.explains(&mut ends),
            "round {round}: {state:?} {ends:?}"
        );
        assert_stored(&home, &views, &ended).await;
        restore(&home, &mut views, ended).await;
    }
}

/// Whatever they do to each other.
pub async fn changes_at_once_end_as_in_some_order(on: &StoreUnderTest) {
    join_all((0..TENANTS).map(|tenant| rounds_of_a_tenant(on, tenant))).await;
}
