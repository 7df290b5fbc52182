//! Diagnosis of SQLite's errors: whether another try may help, and whether a commit may have taken
//! effect.

use std::time::{Duration, Instant};

use countersign_application::ports::{CommitError, StoreError};
use sqlx::Error;
use tokio::time::timeout;

/// Longer than a write waits for its turn (2.5 s) or for a foreign lock (2 s), and short enough to
/// leave a commit its time within the [`CALL`].
pub(crate) const DEADLINE: Duration = Duration::from_millis(3500);

/// The deadline of a call with its commit, within the 5 s that the ports allow. The final flush
/// gets all the remaining time: waiting for a slow disk is better than an unknown outcome.
pub(crate) const CALL: Duration = Duration::from_millis(4800);

// Primary result codes, https://www.sqlite.org/rescode.html
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const FULL: i32 = 13;
const CONSTRAINT: i32 = 19;
/// Extended code of a unique index; that of a primary key differs.
const CONSTRAINT_UNIQUE: i32 = 2067;
/// Extended code of a primary key.
const CONSTRAINT_PRIMARYKEY: i32 = 1555;

// Extended codes of a full disk, beside FULL: of a file beyond the process's limit (EFBIG), of a
// flush, and of the memory that connections share.
const IOERR_WRITE: i32 = 778;
const IOERR_FSYNC: i32 = 1034;
const IOERR_SHMSIZE: i32 = 4874;

/// Whatever the error is, the store has no answer; values are checked when rows are read.
pub(crate) fn store_error(error: Error) -> StoreError {
    let unwritable = code(&error).is_some_and(|code| {
        [READONLY, FULL].contains(&(code & 0xff))
            || [IOERR_WRITE, IOERR_FSYNC, IOERR_SHMSIZE].contains(&code)
    });
    if unwritable {
        StoreError::Unwritable(Box::new(error))
    } else {
        StoreError::Unavailable(Box::new(error))
    }
}

/// Ends a call that takes too long, on any machine and disk.
pub(crate) async fn within<T, E: From<StoreError>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    within_since(Instant::now(), work).await
}

/// As [`within`], for a part of a call that began at `began`.
pub(crate) async fn within_since<T, E: From<StoreError>>(
    began: Instant,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(DEADLINE.saturating_sub(began.elapsed()), work).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(StoreError::Unavailable(Box::new(elapsed)).into()),
    }
}

/// Ends a transaction of a call that began at `began`, and distinguishes "not stored" from "not
/// known".
pub(crate) async fn commit(
    transaction: sqlx::Transaction<'_, sqlx::Sqlite>,
    began: Instant,
) -> Result<(), CommitError> {
    let left = CALL.saturating_sub(began.elapsed());
    match timeout(left, transaction.commit()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if left_nothing(&error) => Err(store_error(error).into()),
        // A log record whose flush failed may still exist after a crash.
        Ok(Err(error)) => Err(CommitError::OutcomeUnknown(Box::new(error))),
        Err(elapsed) => Err(CommitError::OutcomeUnknown(Box::new(elapsed))),
    }
}

/// A log record that was not written completely does not count: its checksum does not match.
fn left_nothing(error: &Error) -> bool {
    code(error).is_some_and(|code| {
        [BUSY, LOCKED, READONLY, FULL, CONSTRAINT].contains(&(code & 0xff)) || code == IOERR_WRITE
    })
}

/// Whether a unique index, not a primary key, refused the row.
pub(crate) fn is_taken(error: &Error) -> bool {
    code(error) == Some(CONSTRAINT_UNIQUE)
}

/// Whether a primary key refused the row.
pub(crate) fn is_key_taken(error: &Error) -> bool {
    code(error) == Some(CONSTRAINT_PRIMARYKEY)
}

/// Whether another connection holds a lock.
pub(crate) fn is_busy(error: &Error) -> bool {
    code(error).map(|code| code & 0xff) == Some(BUSY)
}

fn code(error: &Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}
