//! Time and chance, which the rules and the use cases must not reach for by themselves.

use countersign_domain::Timestamp;
use thiserror::Error;

/// Tells the time.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// What a store knows of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreTime {
    /// Its server's own clock, which is not this machine's.
    Clock(Timestamp),
    /// The instant of its newest change, by this machine's clock, which it has no other than; `None` before the first.
    Newest(Option<Timestamp>),
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the operating system gives no random bytes")]
pub struct EntropyError;

/// Gives random bytes that nobody can guess.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Entropy: Send + Sync {
    /// Fills the buffer from the operating system's generator (NIST SP 800-90A or its like).
    ///
    /// # Errors
    /// When the generator fails; the buffer is then not to be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}
