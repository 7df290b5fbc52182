//! What the surface is given from outside: the use cases, and the few things that a deployment decides about it.

use std::{fmt, ops::Deref, sync::Arc};

use countersign_application::{
    Check, Tokens, Users,
    ports::{Clock, Entropy, Probe},
};
use ipnet::IpNet;

use crate::client_address::ProxyHeader;

/// What the surface calls.
#[derive(Clone)]
pub struct Services {
    /// The use cases of tokens.
    pub tokens: Tokens,
    /// The use cases of users.
    pub users: Users,
    /// The check of credentials.
    pub check: Check,
    /// Tells whether the store answers.
    pub probe: Arc<dyn Probe>,
    /// Chance, for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Time, for request ids.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// What a deployment decides.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The proxies whose word on a client's address is taken; none by default.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they tell it.
    pub proxy_header: ProxyHeader,
}

/// Both, as every handler sees them.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<(Services, Settings)>);

impl App {
    pub(crate) fn new(services: Services, settings: Settings) -> Self {
        Self(Arc::new((services, settings)))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.1
    }
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0.0
    }
}
