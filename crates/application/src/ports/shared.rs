//! An error of a group of calls, for each of them.

use std::{error::Error, fmt, sync::Arc};

use super::{CommitError, StoreError};

/// The cause for which several calls that shared a statement or a transaction have no answer.
#[derive(Debug, Clone)]
pub struct SharedError(Arc<dyn Error + Send + Sync>);

impl SharedError {
    /// A cause that can be cloned.
    #[must_use]
    pub fn new(cause: Box<dyn Error + Send + Sync>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

type Cause = Box<dyn Error + Send + Sync>;

impl CommitError {
    /// The error with which a whole group of changes ended, once for each of them. An error that is
    /// about one change alone leaves the outcome of several unknown.
    #[must_use]
    pub fn for_each_of(self, changes: usize) -> Vec<Self> {
        let (kind, cause): (fn(Cause) -> Self, Cause) = match self {
            alone if changes == 1 => return vec![alone],
            Self::Fault(StoreError::Unwritable(cause)) => {
                (|cause| StoreError::Unwritable(cause).into(), cause)
            }
            Self::Fault(StoreError::Unavailable(cause)) => {
                (|cause| StoreError::Unavailable(cause).into(), cause)
            }
            Self::OutcomeUnknown(cause) => (Self::OutcomeUnknown, cause),
            other => (Self::OutcomeUnknown, Box::new(other)),
        };
        let cause = SharedError::new(cause);
        (0..changes)
            .map(|_| kind(Box::new(cause.clone())))
            .collect()
    }
}
