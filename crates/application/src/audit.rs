//! Verifying the history of every token, for an operator who wants to know whether somebody touched it.

use std::sync::Arc;

use countersign_domain::{BrokenChain, ChainVerifier, TenantId, TokenId, Version};

use crate::{
    Failure,
    ports::{AuditStore, ChainEnd, StoreFault},
};

/// How many chains, or events of one chain, are read at a time.
const BATCH: u16 = 500;

/// What verifying came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All chains are what was written.
    Intact {
        /// How many tokens there are, revoked ones included.
        tokens: u64,
        /// How many events they have.
        events: u64,
    },
    /// This one is not; those before it, by id, are.
    Broken {
        /// The token's tenant.
        tenant: TenantId,
        /// The token.
        token: TokenId,
        /// What is wrong, and at which event.
        fault: BrokenChain,
    },
}

/// The use case of the history.
#[derive(Clone)]
pub struct Audit {
    store: Arc<dyn AuditStore>,
}

impl Audit {
    /// The use case over a store.
    #[must_use]
    pub fn new(store: Arc<dyn AuditStore>) -> Self {
        Self { store }
    }

    /// Recomputes every token's chain; `progress` hears how many tokens are done.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn verify(&self, mut progress: impl FnMut(u64)) -> Result<Verdict, Failure> {
        let (mut tokens, mut events, mut after) = (0, 0, None);
        loop {
            let ends = self.store.chain_ends(after, BATCH).await?;
            let Some(last) = ends.last() else {
                return Ok(Verdict::Intact { tokens, events });
            };
            after = Some((last.tenant, last.token));
            for end in &ends {
                match self.verify_one(end).await? {
                    Ok(length) => events += length,
                    Err(fault) => {
                        return Ok(Verdict::Broken {
                            tenant: end.tenant,
                            token: end.token,
                            fault,
                        });
                    }
                }
                tokens += 1;
            }
            progress(tokens);
        }
    }

    async fn verify_one(&self, end: &ChainEnd) -> Result<Result<u64, BrokenChain>, Failure> {
        let (mut verifier, mut length, mut after) = (ChainVerifier::default(), 0, None);
        let mut limit = BATCH;
        loop {
            let events = match self.store.chain(end.tenant, end.token, after, limit).await {
                Ok(events) => events,
                // Somebody wrote what cannot be read: one event at a time finds out which.
                Err(StoreFault::Corrupt { .. }) if limit > 1 => {
                    limit = 1;
                    continue;
                }
                Err(StoreFault::Corrupt { .. }) => {
                    let next = after.map_or(Version::FIRST, Version::next);
                    return Ok(Err(BrokenChain::Altered(next)));
                }
                Err(fault) => return Err(fault.into()),
            };
            // What a running service appends meanwhile is not part of what was asked.
            let asked = events
                .iter()
                .filter(|event| event.content.version_after <= end.version);
            for event in asked {
                if let Err(broken) = verifier.push(event) {
                    return Ok(Err(broken));
                }
                length += 1;
            }
            after = events.last().map(|event| event.content.version_after);
            if after.is_none_or(|version| version >= end.version) {
                return Ok(verifier.finish(end.version, &end.head).map(|()| length));
            }
        }
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
