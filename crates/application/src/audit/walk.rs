//! One token's chain on the way to its end, and what is told of it.

use countersign_domain::{BrokenChain, ChainVerifier, TenantId, TokenId};

use super::{Finding, Head, Verified, VerifyFailure, Witness};

/// A token's chain on the way to its end.
pub(super) struct Walk {
    pub(super) key: (TenantId, TokenId),
    pub(super) verifier: ChainVerifier,
    pub(super) events: u64,
    /// Where it was at an earlier look.
    pub(super) earlier: Option<Head>,
    pub(super) rewritten: bool,
    /// Whether its name, or the key of its name, is one that only an earlier release gave.
    pub(super) named_earlier: bool,
}

impl Walk {
    pub(super) fn new(key: (TenantId, TokenId), earlier: Option<Head>) -> Self {
        Self {
            key,
            verifier: ChainVerifier::default(),
            events: 0,
            earlier,
            rewritten: false,
            named_earlier: false,
        }
    }

    /// What an intact chain lacks of what it was at the earlier look.
    pub(super) fn differs(&self, now: &Head) -> Option<Finding> {
        let earlier = self.earlier?;
        if now.version < earlier.version {
            let version = now.version;
            return Some(Finding::WentBack { earlier, version });
        }
        self.rewritten.then_some(Finding::Rewritten(earlier))
    }

    pub(super) fn head(&self) -> Option<Head> {
        let (tenant, token) = self.key;
        Some(Head {
            tenant,
            token,
            version: self.verifier.version()?,
            hash: self.verifier.hash(),
        })
    }
}

impl Verified {
    pub(super) fn report(
        &mut self,
        witness: &mut dyn Witness,
        finding: &Finding,
    ) -> Result<(), VerifyFailure> {
        self.findings += 1;
        Ok(witness.found(finding)?)
    }

    /// Tells what came of one token.
    pub(super) fn conclude(
        &mut self,
        witness: &mut dyn Witness,
        walk: &Walk,
        outcome: Result<(), BrokenChain>,
    ) -> Result<(), VerifyFailure> {
        self.tokens += 1;
        let (tenant, token) = walk.key;
        if let Err(fault) = outcome {
            let broken = Finding::Broken {
                tenant,
                token,
                fault,
            };
            return self.report(witness, &broken);
        }
        self.events += walk.events;
        let Some(now) = walk.head() else {
            return Ok(());
        };
        witness.intact(&now)?;
        if walk.named_earlier {
            witness.named_earlier(tenant, token);
        }
        match walk.differs(&now) {
            Some(finding) => self.report(witness, &finding),
            None => Ok(()),
        }
    }
}
