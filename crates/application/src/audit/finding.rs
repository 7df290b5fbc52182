//! Findings of the verification, and the witness that gets them.

use std::{fmt, io};

use countersign_domain::{BrokenChain, TenantId, TokenId, Version};
use thiserror::Error;

use super::Head;
use crate::{UseCaseError, ports::Stray};

/// A finding: something differs from what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// A token's history, or a stored row of the token, differs from what was written.
    Broken {
        /// The token's tenant.
        tenant: TenantId,
        /// The token.
        token: TokenId,
        /// The fault, and the event at which it is.
        fault: BrokenChain,
    },
    /// A row that belongs to no token.
    Stray(Stray),
    /// A token of an earlier run does not exist any more.
    Gone(Head),
    /// A token has fewer events than in an earlier run.
    WentBack {
        /// The earlier head.
        earlier: Head,
        /// The current version.
        version: Version,
    },
    /// A token's event of that version differs from the one in an earlier run.
    Rewritten(Head),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken {
                tenant,
                token,
                fault,
            } => write!(f, "broken: {fault}; token {token} of tenant {tenant}"),
            Self::Stray(Stray { table, tenant, id }) => {
                let of = if *table == "users" { "user" } else { "token" };
                write!(
                    f,
                    "broken: a row in {table} belongs to no token; {of} {id} of tenant {tenant}"
                )
            }
            Self::Gone(Head {
                tenant,
                token,
                version,
                ..
            }) => write!(
                f,
                "gone: the token had version {version}; token {token} of tenant {tenant}"
            ),
            Self::WentBack {
                earlier:
                    Head {
                        tenant,
                        token,
                        version: before,
                        ..
                    },
                version,
            } => write!(
                f,
                "went back: the token had version {before} and has version {version}; \
                 token {token} of tenant {tenant}"
            ),
            Self::Rewritten(Head {
                tenant,
                token,
                version,
                ..
            }) => write!(
                f,
                "rewritten: the event of version {version} is another than it was; \
                 token {token} of tenant {tenant}"
            ),
        }
    }
}

/// The witness of a verification: it gets all results, and knows the heads of an earlier run.
pub trait Witness: Send {
    /// The next head of an earlier run, in the order of keys; `None` at the end, or without an
    /// earlier run.
    ///
    /// # Errors
    /// Returns why it cannot be read.
    fn earlier(&mut self) -> io::Result<Option<Head>>;

    /// Takes a token whose history is intact, in the order of keys.
    ///
    /// # Errors
    /// Returns why it cannot be kept.
    fn intact(&mut self, head: &Head) -> io::Result<()>;

    /// Takes a finding.
    ///
    /// # Errors
    /// Returns why it cannot be reported.
    fn found(&mut self, finding: &Finding) -> io::Result<()>;

    /// Takes a live token whose name an earlier release allowed, and this one would refuse: the
    /// name has a character that is refused now, or is the same as another one's. It is kept, and
    /// is not a finding.
    fn named_earlier(&mut self, _tenant: TenantId, _token: TokenId) {}

    /// Takes the number of tokens that are done.
    fn progress(&mut self, tokens: u64);
}

/// Reason why a verification did not finish.
#[derive(Debug, Error)]
pub enum VerifyFailure {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] UseCaseError),
    /// The witness could not be read or written.
    #[error("what was seen earlier cannot be read, or what is seen now cannot be written")]
    Witness(#[from] io::Error),
}
