//! What verifying finds, and who hears of it.

use std::{fmt, io};

use countersign_domain::{BrokenChain, TenantId, TokenId, Version};
use thiserror::Error;

use super::Head;
use crate::{UseCaseError, ports::Stray};

/// Something that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// A token's history, or what is stored of the token, is not what was written.
    Broken {
        /// The token's tenant.
        tenant: TenantId,
        /// The token.
        token: TokenId,
        /// What is wrong, and at which event.
        fault: BrokenChain,
    },
    /// A row belongs to no token.
    Stray(Stray),
    /// A token that was there earlier is not there now.
    Gone(Head),
    /// A token has fewer events than it had earlier.
    WentBack {
        /// What it had.
        earlier: Head,
        /// The version that it has now.
        version: Version,
    },
    /// A token's event of that version is another than it was earlier.
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

/// What hears of everything that verifying comes upon, and knows what an earlier look saw.
pub trait Witness: Send {
    /// The next head of an earlier look, in the order of keys; `None` at the end, or where there was no earlier look.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn earlier(&mut self) -> io::Result<Option<Head>>;

    /// A token whose history is intact, in the order of keys.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn intact(&mut self, head: &Head) -> io::Result<()>;

    /// Something that is not what was written.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn found(&mut self, finding: &Finding) -> io::Result<()>;

    /// A live token whose name was given by an earlier release, and could not be given now: the
    /// name holds what is refused now, or is the same as another one's. It is kept, and is no
    /// finding.
    fn named_earlier(&mut self, _tenant: TenantId, _token: TokenId) {}

    /// How many tokens are done.
    fn progress(&mut self, tokens: u64);
}

/// Why verifying came to no end.
#[derive(Debug, Error)]
pub enum VerifyFailure {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] UseCaseError),
    /// The witness could not be read or written.
    #[error("what was seen earlier cannot be read, or what is seen now cannot be written")]
    Witness(#[from] io::Error),
}
