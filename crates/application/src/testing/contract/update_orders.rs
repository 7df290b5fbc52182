//! Random concurrent updates, compared with the same updates one after the other.

use countersign_domain::{Change, TokenView};
use futures_util::future::join_all;

use super::StoreUnderTest;
use crate::{
    ports::CommitError,
    testing::{TestTenant, no_change},
};

const TOKENS: usize = 5;
const CHANGES: usize = 8;
const ROUNDS: usize = 120;

/// An update of one token by another one, or by itself.
#[derive(Debug, Clone, Copy)]
struct Plan {
    by: usize,
    of: usize,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// Takes the name with this number.
    Rename(usize),
    /// Gives up the right to write.
    Narrow,
    /// Moves the expiry a second earlier.
    Shorten,
}

/// The state that decides about the updates.
#[derive(Debug, Clone, Copy, PartialEq)]
struct State {
    names: [usize; TOKENS],
    changed: [bool; TOKENS],
    may_write: [bool; TOKENS],
}

/// The result of an update.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Stored,
    Stale,
    NameTaken,
    Narrowed,
}

impl State {
    /// Applies one update after those before.
    fn apply(&mut self, plan: Plan) -> End {
        if !self.may_write[plan.by] {
            return End::Narrowed;
        }
        if self.changed[plan.of] {
            return End::Stale;
        }
        match plan.what {
            What::Rename(name) if self.names.contains(&name) => return End::NameTaken,
            What::Rename(name) => self.names[plan.of] = name,
            What::Narrow => self.may_write[plan.of] = false,
            What::Shorten => {}
        }
        self.changed[plan.of] = true;
        End::Stored
    }

    /// Whether some order of the remaining updates leads to these results.
    fn explains(self, left: &mut Vec<(Plan, End)>) -> bool {
        if left.is_empty() {
            return true;
        }
        (0..left.len()).any(|next| {
            let (plan, end) = left.remove(next);
            let mut after = self;
            let explained = after.apply(plan) == end && after.explains(left);
            left.insert(next, (plan, end));
            explained
        })
    }
}

fn end(outcome: Result<(), CommitError>) -> End {
    match outcome {
        Ok(()) => End::Stored,
        Err(CommitError::Stale { .. }) => End::Stale,
        Err(CommitError::NameTaken) => End::NameTaken,
        Err(CommitError::ActorNarrowed) => End::Narrowed,
        Err(other) => panic!("{other:?}"),
    }
}

fn name(number: usize) -> String {
    format!("name {number}")
}

fn change(home: &TestTenant, views: &[TokenView], plan: Plan) -> Change {
    let (by, of) = (&views[plan.by], &views[plan.of]);
    let mut edit = no_change(of);
    match plan.what {
        What::Rename(number) => edit.name = name(number),
        What::Narrow => edit.permissions = Some(vec!["api.tasks.read".into()]),
        What::Shorten => edit.expiry = Some(of.token.expiry.minus_seconds(1)),
    }
    home.edit(home.actor(by), of, &edit)
}

/// A random update; some of the names are in use, and some are free.
fn plan(home: &TestTenant, state: &State) -> Plan {
    let random: [u8; 32] = home.stores.random();
    // The test's randomness counts up, so its numbers are mixed, so that all kinds meet.
    let mixed = random.iter().fold(17_usize, |sum, byte| {
        (sum ^ usize::from(*byte))
            .wrapping_mul(0x0100_0193)
            .rotate_left(7)
    });
    let of = mixed / 7 % TOKENS;
    let what = match mixed / 101 % 8 {
        0..=2 => What::Narrow,
        3..=5 => What::Rename(mixed / 1009 % (TOKENS + 3)),
        _ => What::Shorten,
    };
    match what {
        What::Rename(number) if state.names[of] == number => plan(home, state),
        what => Plan {
            by: mixed % TOKENS,
            of,
            what,
        },
    }
}

/// Whatever they do to each other.
pub async fn updates_at_once_end_as_in_some_order(on: &StoreUnderTest) {
    let home = on.realm("home").await;
    let mut views = Vec::new();
    for n in 0..TOKENS {
        views.push(home.make(&name(n)).await.view);
    }
    let mut state = State {
        names: std::array::from_fn(|n| n),
        changed: [false; TOKENS],
        may_write: [true; TOKENS],
    };
    for round in 0..ROUNDS {
        let plans: Vec<_> = (0..CHANGES).map(|_| plan(&home, &state)).collect();
        let changes: Vec<_> = plans
            .iter()
            .map(|plan| change(&home, &views, *plan))
            .collect();
        let outcomes = join_all(changes.iter().map(|change| home.commit(change))).await;
        let mut ends: Vec<_> = plans
            .iter()
            .copied()
            .zip(outcomes.into_iter().map(end))
            .collect();
        assert!(
            state.explains(&mut ends),
            "round {round}: {state:?} {ends:?}"
        );
        for (n, view) in views.iter_mut().enumerate() {
            let stored = home.get(view.token.id).await.unwrap();
            let winner = ends
                .iter()
                .position(|(plan, end)| plan.of == n && *end == End::Stored);
            let expected =
                winner.map_or_else(|| view.clone(), |winner| view.after(&changes[winner]));
            assert_eq!(stored.token, expected.token, "round {round}");
            *view = stored;
            if let Some((plan, _)) = winner.map(|winner| ends[winner]) {
                if let What::Rename(number) = plan.what {
                    state.names[n] = number;
                }
                if let What::Narrow = plan.what {
                    let mut edit = no_change(view);
                    edit.permissions = Some(home.draft("").permissions);
                    *view = home.update(view, &edit).await;
                }
            }
        }
    }
}
