//! What the pages are given from outside: use cases and the gate, never a store. Whatever the rules refuse elsewhere is
//! refused here, because it is the same code that is asked.

use std::{fmt, ops::Deref, sync::Arc};

use countersign_application::{
    Audit, Sessions, Tokens,
    ports::{Clock, Entropy},
};
use countersign_gate::Gate;

use crate::{chains::Chains, slow::Slow};

/// What the pages call.
#[derive(Clone)]
pub struct Services {
    /// The use cases of tokens.
    pub tokens: Tokens,
    /// The use case of histories.
    pub audit: Audit,
    /// The use cases of sessions.
    pub sessions: Sessions,
    /// The check of credentials.
    pub gate: Gate,
    /// Time, for what pages say about instants.
    pub clock: Arc<dyn Clock>,
    /// Chance, for visitors and for keys of forms.
    pub entropy: Arc<dyn Entropy>,
    /// Whether this node's clock can be believed; while it cannot, nobody is judged by it.
    pub in_step: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Where people reach the service, without a slash at its end; `None` = by the authority that they ask for.
    pub public_url: Option<String>,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// The same, as every handler sees it.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

struct Parts {
    services: Services,
    slow: Slow,
    chains: Chains,
}

impl App {
    pub(crate) fn new(services: Services) -> Self {
        Self(Arc::new(Parts {
            services,
            slow: Slow::default(),
            chains: Chains::default(),
        }))
    }

    /// How far histories are verified.
    pub(crate) fn chains(&self) -> &Chains {
        &self.0.chains
    }

    /// Who signs in badly, and how long they wait.
    pub(crate) fn slow(&self) -> &Slow {
        &self.0.slow
    }
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0.services
    }
}
