//! Reasons why a call has no result.

use std::time::Duration;

use http::StatusCode;
use thiserror::Error;

use crate::{Open, Problem};

/// The cause of an error in another library.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The reason why a call has no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The service refused the request.
    #[error("{}: {}", .0.code(), .0.detail)]
    Problem(Box<Open<Problem>>),
    /// No connection was made, so the request has had no effect.
    #[error("no connection to {authority}")]
    Connect {
        /// The host and port.
        authority: String,
        /// The reason.
        #[source]
        cause: Cause,
    },
    /// The connection broke before the whole answer came; the request may have taken effect.
    #[error("the connection to {authority} broke before the whole answer came")]
    Broken {
        /// The host and port.
        authority: String,
        /// The reason.
        #[source]
        cause: Cause,
    },
    /// No answer came in time; the request may have taken effect.
    #[error("{authority} did not answer within {} s", .limit.as_secs())]
    Timeout {
        /// The host and port.
        authority: String,
        /// The maximum time for an answer.
        limit: Duration,
    },
    /// The answer is not one of the Countersign API.
    #[error("{authority} answered with the status {status}, which is not an answer of Countersign")]
    Unexpected {
        /// The host and port.
        authority: String,
        /// The status of the answer.
        status: StatusCode,
    },
    /// The request or the client cannot be built from what was given.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// The service's refusal, if it is one.
    #[must_use]
    pub fn problem(&self) -> Option<&Open<Problem>> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the request certainly had no effect, although no answer says so.
    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }

    /// Whether the answer was lost.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Timeout { .. })
    }
}
