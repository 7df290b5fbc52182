//! The use cases, wired with a store, the real clock and real randomness.

use std::sync::Arc;

use anyhow::Result;
use countersign_application::{
    Audit, Sessions, Tenants, Tokens, Users,
    ports::{Clock, Entropy, Invalidator},
};
use countersign_domain::RequestId;
use countersign_gate::Gate;
use countersign_http::Timekeeping;

use crate::{
    database::Ports,
    settings::Settings,
    system::{SystemClock, SystemEntropy},
};

/// All use cases that commands and the HTTP surface call.
pub(crate) struct Service {
    pub(crate) tokens: Tokens,
    pub(crate) users: Users,
    pub(crate) tenants: Tenants,
    pub(crate) audit: Audit,
    pub(crate) sessions: Sessions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Service {
    /// Wires the use cases, which report their changes to the invalidator.
    pub(crate) fn new(
        ports: &Ports,
        settings: &Settings,
        invalidator: Arc<dyn Invalidator>,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let tokens = Tokens::new(
            ports.tokens.clone(),
            clock.clone(),
            entropy.clone(),
            invalidator,
            settings.policy.clone(),
        );
        let tokens = match settings.changes_per_minute {
            Some(per_minute) => tokens.with_change_limit(per_minute),
            None => tokens,
        };
        Self {
            users: Users::new(ports.users.clone()),
            tenants: Tenants::new(
                ports.tenants.clone(),
                clock.clone(),
                entropy.clone(),
                tokens.clone(),
            ),
            audit: Audit::new(ports.audit.clone()),
            sessions: Sessions::new(
                ports.sessions.clone(),
                ports.tokens.clone(),
                clock.clone(),
                entropy.clone(),
                settings.sessions,
            ),
            tokens,
            clock,
            entropy,
        }
    }

    /// The services that the console's pages call.
    pub(crate) fn of_console(
        &self,
        gate: Gate,
        time: Timekeeping,
        settings: &Settings,
    ) -> countersign_console::ConsoleServices {
        countersign_console::ConsoleServices {
            tokens: self.tokens.clone(),
            audit: self.audit.clone(),
            sessions: self.sessions.clone(),
            gate,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            in_step: Arc::new(move || !time.is_apart()),
            public_url: settings.public_url.clone(),
        }
    }

    /// The request id in the history for a command's changes.
    ///
    /// # Errors
    /// Fails if the command's name is not a valid id.
    pub(crate) fn request_id(&self, command: &str) -> Result<RequestId> {
        Ok(format!("{command}:{}", self.clock.now().as_micros()).parse()?)
    }
}
