//! State of the pages: use cases and the gate, never a store. The same code as everywhere else
//! decides, so pages refuse what the rules refuse elsewhere.

use std::{fmt, net::IpAddr, num::NonZeroU32, ops::Deref, sync::Arc};

use countersign_application::{
    Audit, LimitReached, RateLimit, Sessions, Tokens, network,
    ports::{Clock, Entropy},
};
use countersign_gate::Gate;

use crate::chain_checks::ChainChecks;

/// The number of failed sign-ins from an address after which the next wrong secret has to wait.
const FAILED_SIGN_INS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// The services that the pages call.
#[derive(Clone)]
pub struct ConsoleServices {
    /// The use cases of tokens.
    pub tokens: Tokens,
    /// The use case of histories.
    pub audit: Audit,
    /// The use cases of sessions.
    pub sessions: Sessions,
    /// The check of credentials.
    pub gate: Gate,
    /// The clock, for the times on pages.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for cookies and for keys of forms.
    pub entropy: Arc<dyn Entropy>,
    /// Whether this node's clock can be trusted; while it cannot, nobody is judged by it.
    pub in_step: Arc<dyn Fn() -> bool + Send + Sync>,
    /// The address under which people reach the service, without a slash at its end; `None` = the
    /// authority of each request.
    pub public_url: Option<String>,
}

impl fmt::Debug for ConsoleServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// The services, as every handler sees them.
#[derive(Clone)]
pub(crate) struct ConsoleState(Arc<Parts>);

struct Parts {
    services: ConsoleServices,
    failed_sign_ins: RateLimit<Option<IpAddr>>,
    chain_checks: ChainChecks,
}

impl ConsoleState {
    pub(crate) fn new(services: ConsoleServices) -> Self {
        Self(Arc::new(Parts {
            services,
            failed_sign_ins: RateLimit::new("sign-ins", NonZeroU32::MIN, FAILED_SIGN_INS),
            chain_checks: ChainChecks::default(),
        }))
    }

    /// The verification of histories.
    pub(crate) fn chain_checks(&self) -> &ChainChecks {
        &self.0.chain_checks
    }

    /// Counts a sign-in with a wrong secret by its network; those from unknown addresses count
    /// together.
    pub(crate) fn count_failed_sign_in(&self, from: Option<IpAddr>) -> Result<(), LimitReached> {
        let from = from.map(network);
        self.0.failed_sign_ins.take(&from, NonZeroU32::MIN)
    }
}

impl Deref for ConsoleState {
    type Target = ConsoleServices;

    fn deref(&self) -> &ConsoleServices {
        &self.0.services
    }
}
