//! Verification of the history: of every token, for an operator who wants to know whether somebody
//! tampered with it, and of one token, for a reader of its page.

mod finding;
mod heads;
mod walk;

use std::sync::Arc;

use countersign_domain::{
    AuditEvent, Authorized, BrokenChain, ChainVerifier, ReadTokens, RecordSnapshot, TenantId,
    TokenId, Version,
};

use crate::{
    UseCaseError,
    ports::{AuditStore, StoreError},
};

use walk::Walk;

pub use finding::{Finding, VerifyFailure, Witness};
pub use heads::{Head, HeadsReader, HeadsWriter, UnreadableHead};

/// The number of chains, or of events of one chain, that are read at a time.
const BATCH: u16 = 500;
/// The maximum number of reported rows of a table that belong to no token.
const STRAYS: u16 = 100;

/// The result of a verification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// The number of tokens, including revoked ones.
    pub tokens: u64,
    /// The number of events of intact tokens.
    pub events: u64,
    /// The number of findings.
    pub findings: u64,
}

/// The use case that verifies the history.
#[derive(Clone)]
pub struct Audit {
    store: Arc<dyn AuditStore>,
}

impl Audit {
    /// Creates the use case over a store.
    #[must_use]
    pub fn new(store: Arc<dyn AuditStore>) -> Self {
        Self { store }
    }

    /// Recomputes every token's chain, compares all stored rows with what follows from the events,
    /// and looks for rows that belong to no token and for differences from an earlier run. It
    /// continues after a finding.
    ///
    /// # Errors
    /// Returns the store's error, or the witness's.
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

    /// Whether a verifier that has taken events of a token of the actor's tenant can continue: the
    /// newest of these events still has the same hash. If the past was rewritten together with all
    /// hashes after it, this shows it.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn stands(
        &self,
        by: &Authorized<ReadTokens>,
        token: TokenId,
        verifier: &ChainVerifier,
    ) -> Result<bool, UseCaseError> {
        let Some(version) = verifier.version() else {
            return Ok(true);
        };
        let before = Version::try_from(version.get() - 1).ok();
        let tenant = by.actor().tenant;
        match self.store.chain(tenant, token, before, 1).await {
            Ok(events) => Ok(events.first().is_some_and(|event| {
                event.content.version_after == version && event.hash == verifier.hash()
            })),
            Err(StoreError::Corrupt { .. }) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Takes one batch of a token's next events; at their end compares the record with what follows
    /// from them. `None` = there may be more.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn advance(
        &self,
        by: &Authorized<ReadTokens>,
        token: TokenId,
        verifier: &mut ChainVerifier,
    ) -> Result<Option<Result<(), BrokenChain>>, UseCaseError> {
        let tenant = by.actor().tenant;
        match self.step(tenant, token, verifier).await? {
            Ok(0) => {}
            Ok(_) => return Ok(None),
            Err(broken) => return Ok(Some(Err(broken))),
        }
        let record = match self.record(tenant, token).await? {
            Ok(record) => record,
            Err(broken) => return Ok(Some(Err(broken))),
        };
        // A running service may have added to both since.
        if Some(record.token.version) > verifier.version() {
            match self.step(tenant, token, verifier).await? {
                Ok(0) => {}
                Ok(_) => return Ok(None),
                Err(broken) => return Ok(Some(Err(broken))),
            }
        }
        Ok(Some(verifier.finish(&record)))
    }

    /// Verifies the events to their end, then reads the stored rows. A running service may have
    /// added to both in the meantime: then there are new events to verify, and the rows are read
    /// again.
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

    /// Takes all events after the newest that was taken.
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
            // A page may be shorter than its limit without being the last.
            if events.is_empty() {
                return Ok(Ok(()));
            }
        }
    }

    /// Takes a batch of the events after the newest that was taken; returns their number.
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

    /// A batch of the events after the newest that was taken.
    async fn next(
        &self,
        (tenant, token): (TenantId, TokenId),
        verifier: &ChainVerifier,
    ) -> Result<Result<Vec<AuditEvent>, BrokenChain>, UseCaseError> {
        let after = verifier.version();
        let mut read = self.store.chain(tenant, token, after, BATCH).await;
        if matches!(read, Err(StoreError::Corrupt { .. })) {
            // One of them cannot be read; reading them one at a time finds out which.
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

/// Converts an unreadable row of a token into a finding; an unreachable store says nothing about
/// the token.
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
