//! Verifying the history of every token, for an operator who wants to know whether somebody touched it, and of one token,
//! for whoever looks at it.

use std::sync::Arc;

use countersign_domain::{Actor, BrokenChain, ChainVerifier, Recorded, TenantId, TokenId, Version};

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

    /// Whether a verifier that took events of a token of the actor's tenant can go on from there: the
    /// newest event that it took still has the hash that it had. A past that was rewritten together with
    /// all hashes behind it shows here.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn stands(
        &self,
        actor: &Actor,
        token: TokenId,
        verifier: &ChainVerifier,
    ) -> Result<bool, Failure> {
        let Some(version) = verifier.version() else {
            return Ok(true);
        };
        let before = Version::try_from(version.get() - 1).ok();
        match self.store.chain(actor.tenant, token, before, 1).await {
            Ok(events) => Ok(events.first().is_some_and(|event| {
                event.content.version_after == version && event.hash == verifier.hash()
            })),
            Err(StoreFault::Corrupt { .. }) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Takes one batch of a token's next events; at their end compares the record with what they made of
    /// it. `None` = there may be more.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn advance(
        &self,
        actor: &Actor,
        token: TokenId,
        verifier: &mut ChainVerifier,
    ) -> Result<Option<Result<(), BrokenChain>>, Failure> {
        match self.step(actor.tenant, token, verifier).await? {
            Ok(0) => {}
            Ok(_) => return Ok(None),
            Err(broken) => return Ok(Some(Err(broken))),
        }
        let record = match self.record(actor.tenant, token).await? {
            Ok(record) => record,
            Err(broken) => return Ok(Some(Err(broken))),
        };
        // A service that runs meanwhile may have added to both since.
        if Some(record.token.version) > verifier.version() {
            match self.step(actor.tenant, token, verifier).await? {
                Ok(0) => {}
                Ok(_) => return Ok(None),
                Err(broken) => return Ok(Some(Err(broken))),
            }
        }
        Ok(Some(verifier.finish(&record)))
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
            let record = match self.record(tenant, token).await? {
                Ok(record) => record,
                Err(broken) => return Ok(Err(broken)),
            };
            let ahead = Some(record.token.version) > verifier.version();
            if !ahead || walked == 0 {
                return Ok(verifier.finish(&record).map(|()| length));
            }
        }
    }

    async fn record(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Result<Recorded, BrokenChain>, Failure> {
        match self.store.recorded(tenant, token).await {
            Ok(Some(record)) => Ok(Ok(record)),
            Ok(None) => Ok(Err(BrokenChain::RecordMissing)),
            Err(StoreFault::Corrupt { column, .. }) => {
                Ok(Err(BrokenChain::RecordUnreadable(column)))
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// Takes all events behind the newest that was taken; how many there were.
    async fn walk(
        &self,
        tenant: TenantId,
        token: TokenId,
        verifier: &mut ChainVerifier,
    ) -> Result<Result<u64, BrokenChain>, Failure> {
        let mut walked = 0;
        loop {
            match self.step(tenant, token, verifier).await? {
                Ok(0) => return Ok(Ok(walked)),
                Ok(count) => walked += count,
                Err(broken) => return Ok(Err(broken)),
            }
        }
    }

    /// Takes a batch of the events behind the newest that was taken; how many there were.
    async fn step(
        &self,
        tenant: TenantId,
        token: TokenId,
        verifier: &mut ChainVerifier,
    ) -> Result<Result<u64, BrokenChain>, Failure> {
        let after = verifier.version();
        let mut read = self.store.chain(tenant, token, after, BATCH).await;
        if matches!(read, Err(StoreFault::Corrupt { .. })) {
            // Somebody wrote what cannot be read: one event at a time finds out which.
            read = self.store.chain(tenant, token, after, 1).await;
        }
        let events = match read {
            Ok(events) => events,
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
        }
        Ok(Ok(events.len() as u64))
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
