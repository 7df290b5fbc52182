//! Verifying the history of every token, for an operator who wants to know whether somebody touched it, and of one token,
//! for whoever looks at it.

mod finding;
mod heads;
mod walk;

use std::sync::Arc;

use countersign_domain::{
    Actor, AuditEvent, BrokenChain, ChainVerifier, RecordSnapshot, TenantId, TokenId, Version,
};

use crate::{
    UseCaseError,
    ports::{AuditStore, StoreError},
};

use walk::Walk;

pub use finding::{Finding, VerifyFailure, Witness};
pub use heads::{Head, HeadsReader, HeadsWriter, UnreadableHead};

/// How many chains, or events of one chain, are read at a time.
const BATCH: u16 = 500;
/// How many rows of a table that belong to no token are told.
const STRAYS: u16 = 100;

/// What verifying came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many tokens there are, revoked ones included.
    pub tokens: u64,
    /// How many events those have that are intact.
    pub events: u64,
    /// How much is not what was written.
    pub findings: u64,
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

    /// Recomputes every token's chain, compares all that is stored with what the events made of it, looks for rows that
    /// belong to no token, and for what the witness saw earlier. Goes on behind what is broken.
    ///
    /// # Errors
    /// A store's fault, or the witness's.
    pub async fn verify(&self, witness: &mut dyn Witness) -> Result<Verified, VerifyFailure> {
        let (mut verified, mut after) = (Verified::default(), None);
        let mut earlier = witness.earlier()?;
        loop {
            let keys = self.store.histories(after, BATCH).await;
            let keys = keys.map_err(UseCaseError::from)?;
            after = keys.last().copied();
            if after.is_none() {
                break;
            }
            for key in keys {
                while let Some(gone) = earlier.filter(|head| head.key() < key) {
                    verified.report(witness, &Finding::Gone(gone))?;
                    earlier = witness.earlier()?;
                }
                let mut walk = Walk::new(key, earlier.filter(|head| head.key() == key));
                let outcome = self.verify_one(&mut walk).await?;
                verified.conclude(witness, &walk, outcome)?;
                if walk.earlier.is_some() {
                    earlier = witness.earlier()?;
                }
            }
            witness.progress(verified.tokens);
        }
        while let Some(gone) = earlier {
            verified.report(witness, &Finding::Gone(gone))?;
            earlier = witness.earlier()?;
        }
        let strays = self
            .store
            .strays(STRAYS)
            .await
            .map_err(UseCaseError::from)?;
        for stray in strays {
            verified.report(witness, &Finding::Stray(stray))?;
        }
        Ok(verified)
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
    ) -> Result<bool, UseCaseError> {
        let Some(version) = verifier.version() else {
            return Ok(true);
        };
        let before = Version::try_from(version.get() - 1).ok();
        match self.store.chain(actor.tenant, token, before, 1).await {
            Ok(events) => Ok(events.first().is_some_and(|event| {
                event.content.version_after == version && event.hash == verifier.hash()
            })),
            Err(StoreError::Corrupt { .. }) => Ok(false),
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
    ) -> Result<Option<Result<(), BrokenChain>>, UseCaseError> {
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

    /// Walks to the end of the events, then looks at what is stored. A service that runs meanwhile may have added to both:
    /// then there are new events to walk, and the rest is looked at again.
    async fn verify_one(&self, walk: &mut Walk) -> Result<Result<(), BrokenChain>, UseCaseError> {
        let (tenant, token) = walk.key;
        loop {
            let before = walk.events;
            if let Err(broken) = self.walk(walk).await? {
                return Ok(Err(broken));
            }
            let record = match self.record(tenant, token).await? {
                Ok(record) => record,
                Err(broken) => return Ok(Err(broken)),
            };
            let ahead = Some(record.token.version) > walk.verifier.version();
            if !ahead || walk.events == before {
                walk.named_earlier =
                    record.revoked.is_none() && !record.token.name.is_of_now(&record.name_key);
                return Ok(walk.verifier.finish(&record));
            }
        }
    }

    async fn record(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Result<RecordSnapshot, BrokenChain>, UseCaseError> {
        match self.store.recorded(tenant, token).await {
            Ok(Some(record)) => Ok(Ok(record)),
            Ok(None) => Ok(Err(BrokenChain::RecordMissing)),
            Err(fault) => unreadable(fault).map(Err),
        }
    }

    /// Takes all events behind the newest that was taken.
    async fn walk(&self, walk: &mut Walk) -> Result<Result<(), BrokenChain>, UseCaseError> {
        loop {
            let events = match self.next(walk.key, &walk.verifier).await? {
                Ok(events) => events,
                Err(broken) => return Ok(Err(broken)),
            };
            for event in &events {
                if let Err(broken) = walk.verifier.push(event) {
                    return Ok(Err(broken));
                }
                walk.events += 1;
                walk.rewritten |= walk.earlier.is_some_and(|then| {
                    then.version == event.content.version_after && then.hash != event.hash
                });
            }
            // A page may be short of its limit, and is not the last for that.
            if events.is_empty() {
                return Ok(Ok(()));
            }
        }
    }

    /// Takes a batch of the events behind the newest that was taken; how many there were.
    async fn step(
        &self,
        tenant: TenantId,
        token: TokenId,
        verifier: &mut ChainVerifier,
    ) -> Result<Result<u64, BrokenChain>, UseCaseError> {
        let events = match self.next((tenant, token), verifier).await? {
            Ok(events) => events,
            Err(broken) => return Ok(Err(broken)),
        };
        let pushed = events.iter().try_for_each(|event| verifier.push(event));
        Ok(pushed.map(|()| events.len() as u64))
    }

    /// A batch of the events behind the newest that was taken.
    async fn next(
        &self,
        (tenant, token): (TenantId, TokenId),
        verifier: &ChainVerifier,
    ) -> Result<Result<Vec<AuditEvent>, BrokenChain>, UseCaseError> {
        let after = verifier.version();
        let mut read = self.store.chain(tenant, token, after, BATCH).await;
        if matches!(read, Err(StoreError::Corrupt { .. })) {
            // Somebody wrote what cannot be read: one event at a time finds out which.
            read = self.store.chain(tenant, token, after, 1).await;
        }
        match read {
            Ok(events) => Ok(Ok(events)),
            Err(StoreError::Corrupt { .. }) => {
                let next = after.map_or(Version::FIRST, Version::next);
                Ok(Err(BrokenChain::Altered(next)))
            }
            Err(fault) => Err(fault.into()),
        }
    }
}

/// What it means that what is stored of a token cannot be read; a store that is away says nothing about the token.
fn unreadable(fault: StoreError) -> Result<BrokenChain, UseCaseError> {
    match fault {
        StoreError::Corrupt {
            table: "api_tokens",
            column,
        } => Ok(BrokenChain::RecordUnreadable(column)),
        StoreError::Corrupt { table, column } => Ok(BrokenChain::RowUnreadable { table, column }),
        away @ (StoreError::Unavailable(_) | StoreError::Unwritable(_)) => Err(away.into()),
    }
}

#[cfg(test)]
mod since_tests;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tests;
