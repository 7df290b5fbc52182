//! What Countersign does, apart from how it is reached and where it keeps things.
//!
//! A use case fetches what is stored, sees that its version is the one that was meant, lets the rules judge, and takes
//! their answer to the store. What it needs from outside are the [`ports`]; every failure is one [`Failure`]. With the feature `testing` come mocks of all ports
//! and the contract that every store must pass.

mod audit;
mod error_chain;
mod failure;
pub mod ports;
pub mod query;
mod query_permits;
mod rate_limit;
#[cfg(test)]
mod samples;
mod sessions;
mod tenants;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tokens;
mod users;

pub use audit::{
    Audit, Finding, Head, HeadsReader, HeadsWriter, UnreadableHead, Verified, VerifyFailure,
    Witness,
};
pub use error_chain::error_chain;
pub use failure::Failure;
pub use query_permits::{QueryPermit, QueryPermits};
pub use rate_limit::{LimitReached, RateLimit, network};
pub use sessions::{MalformedSessionId, SessionId, SessionLimits, Sessions, Standing};
pub use tenants::{FirstToken, Tenants};
pub use tokens::{Made, Revoked, Terms, Tokens, Updated};
pub use users::Users;
