//! Updates and creations that come while others are under way wait for these to end, and then go
//! in one statement: so the load itself sets the size of a batch, and a change that comes alone is
//! sent at once by its own caller.
//!
//! What takes authority away at once (revocations and rotations) never waits in line.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{Change, Write};
use futures_util::future::join_all;
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use super::{Done, claims::Claims, failed};
use crate::{client::Effect, store::PostgresStore};

/// How many statements of gathered changes are under way at most (docs/adr/0033).
const WORKERS: u32 = 2;
/// How many changes one statement holds at most.
const BATCH: usize = 64;
/// How many changes wait at most; one more is refused at once. A client that hangs up leaves its
/// change in the queue, so the connections of clients do not bound it.
const LONGEST: usize = 64 * BATCH;
/// How long a change waits to be sent. What is left of a call is enough for its statement.
const LINE: Duration = Duration::from_millis(2200);

type Outcome = Result<(), CommitError>;

/// The changes that wait.
#[derive(Default)]
pub(crate) struct ChangeBatcher(Mutex<Queue>);

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

/// How a change goes on.
enum Admission {
    /// It is sent at once.
    Now,
    /// It waits, under this number.
    Later(u64, oneshot::Receiver<Outcome>),
    /// It is refused, because too many wait.
    Full,
}

impl ChangeBatcher {
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

    /// Takes a change out of the line; returns whether it was still there, so that it is never
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
    /// The first of those that wait and those of its kind that touch neither it nor another one of
    /// the batch, in their order.
    fn take_batch(&mut self) -> Vec<Pending> {
        let mut touched = Claims::default();
        let (mut batch, mut left) = (Vec::<Pending>::new(), VecDeque::new());
        for waiting in self.waiting.drain(..) {
            if waiting.answer.is_closed() {
                continue;
            }
            let kind = |waiting: &Pending| mem::discriminant(waiting.change.write());
            let fits = batch
                .first()
                .is_none_or(|first| kind(first) == kind(&waiting));
            if fits && batch.len() < BATCH && touched.admit(&waiting.change) {
                batch.push(waiting);
            } else {
                left.push_back(waiting);
            }
        }
        self.waiting = left;
        batch
    }
}

/// A lane in use. When it ends, however it ends, those that gathered meanwhile are sent.
struct BatchWorker<'a>(&'a PostgresStore);

impl Drop for BatchWorker<'_> {
    fn drop(&mut self) {
        let batch = self.0.change_batcher.next_batch();
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
        if !matches!(change.write(), Write::Update { .. } | Write::Create { .. }) {
            return self.write((began, Effect::Change), change).await;
        }
        match self.change_batcher.join(began, change) {
            Admission::Now => {
                let _lane = BatchWorker(self);
                self.write((began, Effect::Change), change).await
            }
            Admission::Full => {
                let why = "too many changes wait for the database";
                Err(StoreError::Unavailable(why.into()).into())
            }
            Admission::Later(number, mut told) => match timeout(LINE, &mut told).await {
                Ok(outcome) => outcome.unwrap_or_else(|lost| Err(unknown(lost))),
                Err(late) if self.change_batcher.leave(number) => {
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
        let outcomes = match self.write_together(began, &changes).await {
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

/// The task that sent the change ended without an outcome.
fn unknown(lost: oneshot::error::RecvError) -> CommitError {
    CommitError::OutcomeUnknown(Box::new(lost))
}
