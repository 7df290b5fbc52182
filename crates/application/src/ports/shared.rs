//! An error of a group of calls, shared by each of them.

use std::{error::Error, fmt, sync::Arc};

use super::{CommitError, StoreError};

/// The cause of the error of several calls that shared a statement or a transaction.
#[derive(Debug, Clone)]
pub struct SharedError(Arc<dyn Error + Send + Sync>);

impl SharedError {
    /// Makes a cause that can be cloned.
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
    /// The error of a whole group of changes, once for each of them. If the error concerns only one
    /// change, the outcome of the others is unknown.
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
