//! The use cases put together over a store, the real clock and real randomness.

use std::sync::Arc;

use anyhow::Result;
use countersign_application::{
    Audit, Check, Tenants, Tokens, Users,
    ports::{Clock, Entropy, Probe},
};
use countersign_domain::{Policy, RequestId};

use crate::{
    database::Ports,
    nature::{SystemClock, SystemEntropy},
};

/// Everything that commands and the HTTP surface call.
pub(crate) struct Service {
    pub(crate) tokens: Tokens,
    pub(crate) users: Users,
    pub(crate) tenants: Tenants,
    pub(crate) audit: Audit,
    pub(crate) check: Check,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Service {
    pub(crate) fn new(ports: Ports, policy: Policy) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let tokens = Tokens::new(ports.tokens.clone(), clock.clone(), entropy.clone(), policy);
        Self {
            users: Users::new(ports.users),
            tenants: Tenants::new(
                ports.tenants,
                clock.clone(),
                entropy.clone(),
                tokens.clone(),
            ),
            audit: Audit::new(ports.audit),
            check: Check::new(ports.tokens, clock.clone()),
            probe: ports.probe,
            tokens,
            clock,
            entropy,
        }
    }

    /// What stands as the request id in the history for what a command does.
    ///
    /// # Errors
    /// When the command's name is not plain.
    pub(crate) fn request_id(&self, command: &str) -> Result<RequestId> {
        Ok(format!("{command}:{}", self.clock.now().as_micros()).parse()?)
    }
}
