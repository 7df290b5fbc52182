//! The use cases of Countersign, independent of how they are called and where data is stored.
//!
//! A use case takes the proof that its actor holds the permission of the operation, so no adapter
//! can forget that check. It fetches the stored record, checks that its version is the one that the
//! request means, lets the rules judge, and passes their result to the store. The [`ports`] are
//! what it needs from outside; every failure is one [`UseCaseError`]. The feature `testing` adds
//! mocks of all ports and the contract that every store must pass.

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
