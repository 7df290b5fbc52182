//! Time and randomness, which rules and use cases must not get by themselves.

use countersign_domain::Timestamp;
use thiserror::Error;

/// A clock.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current instant in UTC.
    fn now(&self) -> Timestamp;
}

/// The time of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreTime {
    /// The clock of its server, which is not this machine's.
    Clock(Timestamp),
    /// The instant of its newest change, by this machine's clock, because the store has no other;
    /// `None` before the first change.
    Newest(Option<Timestamp>),
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the operating system gives no random bytes")]
pub struct EntropyError;

/// A source of random bytes that nobody can guess.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Entropy: Send + Sync {
    /// Fills the buffer from the operating system's generator (NIST SP 800-90A or similar).
    ///
    /// # Errors
    /// Returns an error if the generator fails; the buffer must then not be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}
