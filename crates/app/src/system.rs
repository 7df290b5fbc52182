//! The system's clock and randomness, behind the ports. The clock is the gate's own, so that there
//! is only one.

use countersign_application::ports::{Clock, Entropy, EntropyError};
use countersign_domain::Timestamp;

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        countersign_gate::Clock::now(&countersign_gate::SystemClock)
    }
}

/// The operating system's generator.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that the ban points to"
    )]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(buffer).map_err(|_| EntropyError)
    }
}
