//! A witness that records its calls.

use std::{io, vec::IntoIter};

use countersign_domain::{TenantId, TokenId};

use crate::{Finding, Head, Witness};

/// The recorded results of a verification.
#[derive(Debug, Default)]
pub struct Notes {
    earlier: IntoIter<Head>,
    /// The heads of intact tokens, in the order in which they came.
    pub heads: Vec<Head>,
    /// The findings.
    pub findings: Vec<Finding>,
    /// The live tokens whose names only an earlier release allowed.
    pub named_earlier: Vec<TokenId>,
}

impl Notes {
    /// A witness of an earlier run with these heads.
    #[must_use]
    pub fn since(earlier: Vec<Head>) -> Self {
        Self {
            earlier: earlier.into_iter(),
            ..Self::default()
        }
    }
}

impl Witness for Notes {
    fn earlier(&mut self) -> io::Result<Option<Head>> {
        Ok(self.earlier.next())
    }

    fn intact(&mut self, head: &Head) -> io::Result<()> {
        self.heads.push(*head);
        Ok(())
    }

    fn found(&mut self, finding: &Finding) -> io::Result<()> {
        self.findings.push(*finding);
        Ok(())
    }

    fn named_earlier(&mut self, _: TenantId, token: TokenId) {
        self.named_earlier.push(token);
    }

    fn progress(&mut self, _: u64) {}
}
