//! Verifying the history of every token, for an operator who wants to know whether somebody touched it, and of one token,
//! for whoever looks at it.

use std::sync::Arc;

use countersign_domain::{Actor, BrokenChain, ChainVerifier, TenantId, TokenId, Version};

use crate::{
    Failure,
    ports::{AuditStore, StoreFault},
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

    /// Recomputes every token's chain, and compares each record with what its events made of it; `progress` hears how
    /// many tokens are done.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn verify(&self, mut progress: impl FnMut(u64)) -> Result<Verdict, Failure> {
        let (mut tokens, mut events, mut after) = (0, 0, None);
        loop {
            let histories = self.store.histories(after, BATCH).await?;
            after = histories.last().copied();
            if after.is_none() {
                return Ok(Verdict::Intact { tokens, events });
            }
            for (tenant, token) in histories {
                match self.verify_one(tenant, token).await? {
                    Ok(length) => events += length,
                    Err(fault) => {
                        return Ok(Verdict::Broken {
                            tenant,
                            token,
                            fault,
                        });
                    }
                }
                tokens += 1;
            }
            progress(tokens);
        }
    }

    /// The same for one token of the actor's tenant, live or revoked: what is wrong with its history, if anything.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn verify_token(
        &self,
        actor: &Actor,
        token: TokenId,
    ) -> Result<Option<BrokenChain>, Failure> {
        Ok(self.verify_one(actor.tenant, token).await?.err())
    }

    /// Walks to the end of the events, then looks at the record. A service that runs meanwhile may have added to both:
    /// then there are new events to walk, and the record is looked at again.
    async fn verify_one(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Result<u64, BrokenChain>, Failure> {
        let (mut verifier, mut length) = (ChainVerifier::default(), 0);
        loop {
            let walked = match self.walk(tenant, token, &mut verifier).await? {
                Ok(walked) => walked,
                Err(broken) => return Ok(Err(broken)),
            };
            length += walked;
            let record = match self.store.recorded(tenant, token).await {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(Err(BrokenChain::RecordMissing)),
                Err(StoreFault::Corrupt { column, .. }) => {
                    return Ok(Err(BrokenChain::RecordUnreadable(column)));
                }
                Err(fault) => return Err(fault.into()),
            };
            let ahead = Some(record.token.version) > verifier.version();
            if !ahead || walked == 0 {
                return Ok(verifier.finish(&record).map(|()| length));
            }
        }
    }

    /// Takes all events behind the newest that was taken; how many there were.
    async fn walk(
        &self,
        tenant: TenantId,
        token: TokenId,
        verifier: &mut ChainVerifier,
    ) -> Result<Result<u64, BrokenChain>, Failure> {
        let (mut walked, mut limit) = (0, BATCH);
        loop {
            let after = verifier.version();
            let events = match self.store.chain(tenant, token, after, limit).await {
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
            for event in &events {
                if let Err(broken) = verifier.push(event) {
                    return Ok(Err(broken));
                }
                walked += 1;
            }
            if events.is_empty() {
                return Ok(Ok(walked));
            }
        }
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
