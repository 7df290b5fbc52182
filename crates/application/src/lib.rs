//! What Countersign does, apart from how it is reached and where it keeps things.
//!
//! A use case fetches what is stored, sees that its version is the one that was meant, lets the
//! rules judge, and takes their answer to the store. What it needs from outside are the [`ports`];
//! every failure is one [`UseCaseError`]. With the feature `testing` come mocks of all ports and
//! the contract that every store must pass.

mod audit;
mod error;
mod error_chain;
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
pub use error::UseCaseError;
pub use error_chain::error_chain;
pub use query_permits::{QueryPermit, QueryPermits};
pub use rate_limit::{LimitReached, RateLimit, network};
pub use sessions::{ActiveSession, MalformedSessionId, SessionId, SessionLimits, Sessions};
pub use tenants::{FirstToken, Tenants};
pub use tokens::{IssuedToken, RevocationTerms, RevokedToken, Tokens, UpdateResult};
pub use users::Users;
