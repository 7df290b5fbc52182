//! The verification of one token's chain, and the report of its result.

use countersign_domain::{BrokenChain, ChainVerifier, TenantId, TokenId};

use super::{Finding, Head, Verified, VerifyFailure, Witness};

/// A token's chain during its verification.
pub(super) struct Walk {
    pub(super) key: (TenantId, TokenId),
    pub(super) verifier: ChainVerifier,
    pub(super) events: u64,
    /// The head of an earlier run.
    pub(super) earlier: Option<Head>,
    pub(super) rewritten: bool,
    /// Whether only an earlier release allowed its name, or the key of its name.
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

    /// The finding if an intact chain lacks events of the earlier run.
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

    /// Reports the result for one token.
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
