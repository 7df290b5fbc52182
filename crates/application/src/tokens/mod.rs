//! The use cases of tokens, one file each.

mod create;
mod read;
mod revoke;
mod update;

#[cfg(test)]
mod create_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod revoke_tests;
#[cfg(test)]
mod update_tests;

use std::sync::Arc;

use countersign_domain::{Actor, Policy, Request, RequestId};

pub use self::{create::Made, update::Updated};
use crate::ports::{Clock, Entropy, TokenStore};

/// The use cases of tokens.
#[derive(Clone)]
pub struct Tokens {
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    policy: Arc<Policy>,
}

impl Tokens {
    /// Use cases over a store, under a policy.
    #[must_use]
    pub fn new(
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        policy: Policy,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            policy: Arc::new(policy),
        }
    }

    /// What the deployment decides about its tokens; its catalog among it.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn request(&self, actor: Actor, id: RequestId) -> Request {
        Request {
            actor,
            now: self.clock.now(),
            id,
        }
    }
}
