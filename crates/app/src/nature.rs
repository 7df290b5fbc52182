//! The one place where the real clock is read and real randomness is drawn; everything else asks these ports.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_application::ports::{Clock, Entropy, EntropyFault};
use countersign_domain::Timestamp;

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that the ban points to"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        since
            .and_then(|since| i64::try_from(since.as_micros()).ok())
            .and_then(Timestamp::from_micros)
            // By a clock that is off the calendar no token is valid any more.
            .unwrap_or(Timestamp::MAX)
    }
}

/// The operating system's generator.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that the ban points to"
    )]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyFault> {
        getrandom::fill(buffer).map_err(|_| EntropyFault)
    }
}
