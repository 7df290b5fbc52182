//! Updates that come while others are under way wait for these to end, and then go in one statement: so the load itself
//! sets the size of a batch, and an update that comes alone is sent at once by its own caller.
//!
//! What takes authority away at once (revocations and rotations) never waits in line.

use std::{
    collections::{HashMap, VecDeque},
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use countersign_application::ports::{CommitError, StoreFault};
use countersign_domain::{Change, TenantId, TokenId, Write};
use futures_util::future::join_all;
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use super::{Done, failed};
use crate::{crowd::Together, link::Effect, store::PostgresStore};

/// How many statements of updates are under way at most (docs/adr/0033).
const LANES: u32 = 2;
/// How many updates one statement holds at most.
const BATCH: usize = 64;
/// How long an update waits to be sent. What is left of a call is enough for its statement.
const LINE: Duration = Duration::from_millis(2200);

type Outcome = Result<(), CommitError>;

/// The updates that wait.
#[derive(Default)]
pub(crate) struct Gathering(Mutex<Line>);

#[derive(Default)]
struct Line {
    under_way: u32,
    waiting: VecDeque<Waiting>,
    next: u64,
}

struct Waiting {
    number: u64,
    began: Instant,
    change: Change,
    answer: oneshot::Sender<Outcome>,
}

/// How an update goes on.
enum Turn {
    /// It is sent at once.
    Now,
    /// It waits, under this number.
    Later(u64, oneshot::Receiver<Outcome>),
}

impl Gathering {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, began: Instant, change: &Change) -> Turn {
        let mut line = self.line();
        if line.under_way < LANES {
            line.under_way += 1;
            return Turn::Now;
        }
        let (answer, told) = oneshot::channel();
        line.next += 1;
        let number = line.next;
        line.waiting.push_back(Waiting {
            number,
            began,
            change: change.clone(),
            answer,
        });
        Turn::Later(number, told)
    }

    /// Takes an update out of the line; returns whether it was still there, so that it is never sent.
    fn leave(&self, number: u64) -> bool {
        let mut line = self.line();
        let before = line.waiting.len();
        line.waiting.retain(|waiting| waiting.number != number);
        line.waiting.len() < before
    }

    /// What is sent next on a lane that is free; the lane ends if nothing is.
    fn next_batch(&self) -> Vec<Waiting> {
        let mut line = self.line();
        let batch = line.take_batch();
        if batch.is_empty() {
            line.under_way -= 1;
        }
        batch
    }
}

impl Line {
    /// The first of those that wait and what touches neither it nor another one of the batch, in their order.
    fn take_batch(&mut self) -> Vec<Waiting> {
        let mut touched = Touched::default();
        let (mut batch, mut left) = (Vec::new(), VecDeque::new());
        for waiting in self.waiting.drain(..) {
            if waiting.answer.is_closed() {
                continue;
            }
            if batch.len() < BATCH && touched.admit(&waiting.change) {
                batch.push(waiting);
            } else {
                left.push_back(waiting);
            }
        }
        self.waiting = left;
        batch
    }
}

/// What the changes of a batch write, or rely on.
#[derive(Default)]
struct Touched(HashMap<Thing, Touch>);

#[derive(Debug, PartialEq, Eq, Hash)]
enum Thing {
    Token(TokenId),
    Name(TenantId, Box<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    /// Any number of changes may, of those that do not write it.
    ReliesOn,
    /// One change may.
    Writes,
}

impl Touched {
    /// Adds an update unless it meets another one: those that were admitted come out the same in any order.
    fn admit(&mut self, change: &Change) -> bool {
        let (authority, next) = (change.authority(), change.next());
        let mut things = vec![(Thing::Token(next.id), Touch::Writes)];
        if let Some(actor) = authority.token.filter(|actor| *actor != next.id) {
            things.push((Thing::Token(actor), Touch::ReliesOn));
        }
        if let Some(renamed) = &change.event().content.changes.name {
            let mut keys: Vec<_> = [&renamed.before, &renamed.after]
                .into_iter()
                .flatten()
                .collect();
            keys.dedup_by_key(|name| name.key());
            let of_tenant = |key: &str| Thing::Name(authority.tenant, key.into());
            things.extend(
                keys.iter()
                    .map(|name| (of_tenant(name.key()), Touch::Writes)),
            );
        }
        let meets = |(thing, touch): &(Thing, Touch)| {
            let other = self.0.get(thing);
            other.is_some_and(|other| [*other, *touch].contains(&Touch::Writes))
        };
        if things.iter().any(meets) {
            return false;
        }
        self.0.extend(things);
        true
    }
}

/// A lane in use. When it ends, however it ends, those that gathered meanwhile are sent.
struct Lane<'a>(&'a PostgresStore);

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let batch = self.0.gathering.next_batch();
        // Without a runtime nobody waits any more.
        if !batch.is_empty()
            && let Ok(runtime) = Handle::try_current()
        {
            let store = self.0.clone();
            runtime.spawn(async move { store.send_all(batch).await });
        }
    }
}

impl PostgresStore {
    pub(crate) async fn gather(&self, change: &Change) -> Outcome {
        let began = Instant::now();
        if !matches!(change.write(), Write::Update { .. }) {
            return self.write((began, Effect::Change), change).await;
        }
        match self.gathering.join(began, change) {
            Turn::Now => {
                let _lane = Lane(self);
                self.write((began, Effect::Change), change).await
            }
            Turn::Later(number, mut told) => match timeout(LINE, &mut told).await {
                Ok(outcome) => outcome.unwrap_or_else(|lost| Err(unknown(lost))),
                Err(late) if self.gathering.leave(number) => {
                    Err(StoreFault::Unavailable(Box::new(late)).into())
                }
                // It was sent, which ends in time.
                Err(_) => told.await.unwrap_or_else(|lost| Err(unknown(lost))),
            },
        }
    }

    /// Sends a batch, and what gathered meanwhile, until nothing is left.
    async fn send_all(self, batch: Vec<Waiting>) {
        let _lane = Lane(&self);
        self.send_batch(batch).await;
    }

    async fn send_batch(&self, batch: Vec<Waiting>) {
        if let [alone] = &batch[..] {
            let outcome = self
                .write((alone.began, Effect::Change), &alone.change)
                .await;
            return tell(batch, vec![outcome]);
        }
        let began = batch.iter().map(|waiting| waiting.began).min();
        let changes: Vec<_> = batch.iter().map(|waiting| &waiting.change).collect();
        let began = began.unwrap_or_else(Instant::now);
        let outcomes = match self.update_together(began, &changes).await {
            Ok(outcomes) => outcomes,
            // One of them alone may be at fault.
            Err(lost) if lost.is_of_one_change() => {
                changes.iter().map(|_| Ok(Done::Overtaken)).collect()
            }
            Err(lost) => {
                let outcomes = shared(failed(lost), batch.len());
                return tell(batch, outcomes);
            }
        };
        let outcomes = batch.iter().zip(outcomes);
        let outcomes = outcomes.map(|(waiting, outcome)| async move {
            match outcome {
                Ok(Done::Written) => Ok(()),
                Ok(Done::Overtaken) => {
                    self.write((waiting.began, Effect::Change), &waiting.change)
                        .await
                }
                Err(error) => Err(error),
            }
        });
        let outcomes = join_all(outcomes).await;
        tell(batch, outcomes);
    }
}

/// Whoever has gone meanwhile is passed over.
fn tell(batch: Vec<Waiting>, outcomes: Vec<Outcome>) {
    for (waiting, outcome) in batch.into_iter().zip(outcomes) {
        let _ = waiting.answer.send(outcome);
    }
}

/// The error that a whole statement ended with, for each of its updates.
fn shared(error: CommitError, count: usize) -> Vec<Outcome> {
    type Why = Box<dyn Error + Send + Sync>;
    let (kind, why): (fn(Why) -> CommitError, Why) = match error {
        CommitError::Fault(StoreFault::Unwritable(why)) => {
            (|why| StoreFault::Unwritable(why).into(), why)
        }
        CommitError::Fault(StoreFault::Unavailable(why)) => {
            (|why| StoreFault::Unavailable(why).into(), why)
        }
        CommitError::OutcomeUnknown(why) => (CommitError::OutcomeUnknown, why),
        other => (CommitError::OutcomeUnknown, Box::new(other)),
    };
    let why = Together(Arc::from(why));
    (0..count)
        .map(|_| Err(kind(Box::new(why.clone()))))
        .collect()
}

/// Whoever sent the update ended without a word about it.
fn unknown(lost: oneshot::error::RecvError) -> CommitError {
    CommitError::OutcomeUnknown(Box::new(lost))
}
