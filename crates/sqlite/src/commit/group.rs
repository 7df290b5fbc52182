//! Group commit: changes that arrive during a write share the next transaction, and so its flush,
//! which takes most of the time of a change. A single change is written at once.
//!
//! Each change of a group has its own outcome: a refused one is rolled back to its savepoint, and
//! the others continue. If the whole transaction fails without a trace, every change is written
//! alone.

use std::{
    error::Error,
    fmt, mem,
    time::{Duration, Instant},
};

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::Change;
use sqlx::{Connection as _, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::write;
use crate::{
    error::{CALL, store_error},
    writer::Writer,
};

/// The maximum number of changes in one transaction.
const GROUP: usize = 64;
/// The maximum number of waiting changes; further callers wait for a place among them.
const QUEUE: usize = 4 * GROUP;

/// The maximum time for which a change waits for its group, so that enough is left for writing it.
const LINE: Duration = Duration::from_millis(2500);

type Outcome = Result<(), CommitError>;

struct Pending {
    change: Change,
    began: Instant,
    answer: oneshot::Sender<Outcome>,
}

/// The queue of changes. Its task ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct GroupCommit(mpsc::Sender<Pending>);

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

impl GroupCommit {
    /// Starts the task that writes. Needs a Tokio runtime.
    pub(crate) fn new(writer: Writer) -> Self {
        let (queue, pending) = mpsc::channel(QUEUE);
        tokio::spawn(run(writer, pending));
        Self(queue)
    }

    /// Stores all of a change or nothing. A caller that stops waiting does not stop the change.
    pub(crate) async fn commit(&self, change: &Change) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        let pending = Pending {
            change: change.clone(),
            began: Instant::now(),
            answer,
        };
        let written = timeout(CALL, async {
            match timeout(LINE, self.0.send(pending)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(unavailable("the store is closed")),
                Err(_) => return Err(unavailable("too many changes wait")),
            }
            outcome.await.unwrap_or_else(|lost| Err(unknown(lost)))
        });
        written.await.unwrap_or_else(|late| Err(unknown(late)))
    }
}

async fn run(writer: Writer, mut queue: mpsc::Receiver<Pending>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        let mut waiting = mem::replace(&mut group, Vec::with_capacity(GROUP));
        waiting.retain(|pending| !pending.answer.is_closed());
        // Changes that waited for too long must not take the time of the others in their group.
        for late in waiting.extract_if(.., |pending| pending.began.elapsed() >= LINE) {
            let _ = late.answer.send(Err(unavailable("too many changes wait")));
        }
        let writer = writer.clone();
        // In a task of its own, so that a panic ends one group and not the queue.
        drop(tokio::spawn(async move { write_group(&writer, waiting).await }).await);
    }
}

async fn write_group(writer: &Writer, group: Vec<Pending>) {
    let changes: Vec<&Change> = group.iter().map(|pending| &pending.change).collect();
    let Some(began) = group.iter().map(|pending| pending.began).min() else {
        return;
    };
    match store(writer, &changes, began).await {
        Ok(outcomes) => {
            for (pending, outcome) in group.into_iter().zip(outcomes) {
                // The caller may have gone.
                let _ = pending.answer.send(outcome);
            }
        }
        // Nothing was stored: each is tried alone, so that one that cannot be stored harms no
        // other.
        Err(error) if group.len() > 1 && !matches!(error, CommitError::OutcomeUnknown(_)) => {
            for pending in group {
                Box::pin(write_group(writer, vec![pending])).await;
            }
        }
        Err(error) => {
            let errors = error.for_each_of(group.len());
            for (pending, error) in group.into_iter().zip(errors) {
                let _ = pending.answer.send(Err(error));
            }
        }
    }
}

/// Writes the changes in one transaction, and returns the outcome of each.
///
/// # Errors
/// The whole transaction failed. Unless the outcome is unknown, nothing was stored.
async fn store(
    writer: &Writer,
    changes: &[&Change],
    began: Instant,
) -> Result<Vec<Outcome>, CommitError> {
    let mut outcomes = Vec::with_capacity(changes.len());
    let each = &mut outcomes;
    writer
        .transact(began, async |db| {
            for change in changes {
                // A single change needs no savepoint: the transaction ends with it.
                if changes.len() == 1 {
                    write(db, change).await?;
                    each.push(Ok(()));
                } else {
                    each.push(write_within(db, change).await?);
                }
            }
            Ok(())
        })
        .await?;
    Ok(outcomes)
}

/// Writes one change of a group. The outer error ends the whole group.
async fn write_within(db: &mut SqliteConnection, change: &Change) -> Result<Outcome, CommitError> {
    let mut savepoint = db.begin().await.map_err(store_error)?;
    match write(&mut savepoint, change).await {
        Ok(()) => savepoint.commit().await.map_err(store_error)?,
        Err(CommitError::Fault(error)) => return Err(error.into()),
        Err(refused) => {
            savepoint.rollback().await.map_err(store_error)?;
            return Ok(Err(refused));
        }
    }
    Ok(Ok(()))
}

fn unavailable(why: &'static str) -> CommitError {
    StoreError::Unavailable(why.into()).into()
}

fn unknown(cause: impl Error + Send + Sync + 'static) -> CommitError {
    CommitError::OutcomeUnknown(Box::new(cause))
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
