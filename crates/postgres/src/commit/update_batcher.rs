//! Updates that come while others are under way wait for these to end, and then go in one
//! statement: so the load itself sets the size of a batch, and an update that comes alone is sent
//! at once by its own caller.
//!
//! What takes authority away at once (revocations and rotations) never waits in line.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{Change, TenantId, TokenId, Write};
use futures_util::future::join_all;
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use super::{Done, failed};
use crate::{client::Effect, store::PostgresStore};

/// How many statements of updates are under way at most (docs/adr/0033).
const WORKERS: u32 = 2;
/// How many updates one statement holds at most.
const BATCH: usize = 64;
/// How many updates wait at most; one more is refused at once. A client that hangs up leaves its
/// update in the queue, so the connections of clients do not bound it.
const LONGEST: usize = 64 * BATCH;
/// How long an update waits to be sent. What is left of a call is enough for its statement.
const LINE: Duration = Duration::from_millis(2200);

type Outcome = Result<(), CommitError>;

/// The updates that wait.
#[derive(Default)]
pub(crate) struct UpdateBatcher(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    under_way: u32,
    waiting: VecDeque<Pending>,
    next: u64,
}

struct Pending {
    number: u64,
    began: Instant,
    change: Change,
    answer: oneshot::Sender<Outcome>,
}

/// How an update goes on.
enum Admission {
    /// It is sent at once.
    Now,
    /// It waits, under this number.
    Later(u64, oneshot::Receiver<Outcome>),
    /// It is refused, because too many wait.
    Full,
}

impl UpdateBatcher {
    fn line(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, began: Instant, change: &Change) -> Admission {
        let mut line = self.line();
        if line.under_way < WORKERS {
            line.under_way += 1;
            return Admission::Now;
        }
        if line.waiting.len() >= LONGEST {
            return Admission::Full;
        }
        let (answer, told) = oneshot::channel();
        line.next += 1;
        let number = line.next;
        line.waiting.push_back(Pending {
            number,
            began,
            change: change.clone(),
            answer,
        });
        Admission::Later(number, told)
    }

    /// Takes an update out of the line; returns whether it was still there, so that it is never
    /// sent.
    fn leave(&self, number: u64) -> bool {
        let mut line = self.line();
        let before = line.waiting.len();
        line.waiting.retain(|waiting| waiting.number != number);
        line.waiting.len() < before
    }

    /// What is sent next on a lane that is free; the lane ends if nothing is.
    fn next_batch(&self) -> Vec<Pending> {
        let mut line = self.line();
        let batch = line.take_batch();
        if batch.is_empty() {
            line.under_way -= 1;
        }
        batch
    }
}

impl Queue {
    /// The first of those that wait and what touches neither it nor another one of the batch, in
    /// their order.
    fn take_batch(&mut self) -> Vec<Pending> {
        let mut touched = Claims::default();
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
struct Claims(HashMap<Claim, ClaimKind>);

#[derive(Debug, PartialEq, Eq, Hash)]
enum Claim {
    Token(TokenId),
    Name(TenantId, Box<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClaimKind {
    /// Any number of changes may, of those that do not write it.
    ReliesOn,
    /// One change may.
    Writes,
}

impl Claims {
    /// Adds an update unless it meets another one: those that were admitted come out the same in
    /// any order.
    fn admit(&mut self, change: &Change) -> bool {
        let (authority, next) = (change.authority(), change.next());
        let mut things = vec![(Claim::Token(next.id), ClaimKind::Writes)];
        if let Some(actor) = authority.token.filter(|actor| *actor != next.id) {
            things.push((Claim::Token(actor), ClaimKind::ReliesOn));
        }
        if let Some(renamed) = &change.event().content.changes.name {
            let mut keys: Vec<_> = [&renamed.before, &renamed.after]
                .into_iter()
                .flatten()
                .collect();
            keys.dedup_by_key(|name| name.key());
            let of_tenant = |key: &str| Claim::Name(authority.tenant, key.into());
            things.extend(
                keys.iter()
                    .map(|name| (of_tenant(name.key()), ClaimKind::Writes)),
            );
        }
        let meets = |(thing, touch): &(Claim, ClaimKind)| {
            let other = self.0.get(thing);
            other.is_some_and(|other| [*other, *touch].contains(&ClaimKind::Writes))
        };
        if things.iter().any(meets) {
            return false;
        }
        self.0.extend(things);
        true
    }
}

/// A lane in use. When it ends, however it ends, those that gathered meanwhile are sent.
struct BatchWorker<'a>(&'a PostgresStore);

impl Drop for BatchWorker<'_> {
    fn drop(&mut self) {
        let batch = self.0.update_batcher.next_batch();
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
        match self.update_batcher.join(began, change) {
            Admission::Now => {
                let _lane = BatchWorker(self);
                self.write((began, Effect::Change), change).await
            }
            Admission::Full => {
                let why = "too many updates wait for the database";
                Err(StoreError::Unavailable(why.into()).into())
            }
            Admission::Later(number, mut told) => match timeout(LINE, &mut told).await {
                Ok(outcome) => outcome.unwrap_or_else(|lost| Err(unknown(lost))),
                Err(late) if self.update_batcher.leave(number) => {
                    Err(StoreError::Unavailable(Box::new(late)).into())
                }
                // It was sent, which ends in time.
                Err(_) => told.await.unwrap_or_else(|lost| Err(unknown(lost))),
            },
        }
    }

    /// Sends a batch, and what gathered meanwhile, until nothing is left.
    async fn send_all(self, batch: Vec<Pending>) {
        let _lane = BatchWorker(&self);
        self.send_batch(batch).await;
    }

    async fn send_batch(&self, batch: Vec<Pending>) {
        if let [alone] = &batch[..] {
            let outcome = self
                .write((alone.began, Effect::Change), &alone.change)
                .await;
            return answer_all(batch, vec![outcome]);
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
                let errors = failed(lost).for_each_of(batch.len());
                return answer_all(batch, errors.into_iter().map(Err).collect());
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
        answer_all(batch, outcomes);
    }
}

/// A caller that has gone meanwhile gets no answer.
fn answer_all(batch: Vec<Pending>, outcomes: Vec<Outcome>) {
    for (waiting, outcome) in batch.into_iter().zip(outcomes) {
        let _ = waiting.answer.send(outcome);
    }
}

/// The task that sent the update ended without an outcome.
fn unknown(lost: oneshot::error::RecvError) -> CommitError {
    CommitError::OutcomeUnknown(Box::new(lost))
}
