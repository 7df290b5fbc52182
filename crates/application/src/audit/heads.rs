//! The ends of all chains as a text, with which a later run finds what was removed or rewritten
//! since. It has one line for each token, in the order of tenants and tokens, so that two texts of
//! a million lines are compared without holding them in memory:
//!
//! ```text
//! countersign heads 1
//! <tenant> <token> <version> <hash of that version's event>
//! tokens <how many lines there are between the first and this one>
//! ```
//!
//! The SHA-256 of the text is the one digest over all heads. It holds no secret.

use std::{
    fmt,
    io::{self, BufRead, Read as _, Write},
    str::FromStr,
};

use countersign_domain::{ChainHash, MalformedText, TenantId, TokenId, Version};
use sha2::{Digest as _, Sha256};

const FIRST_LINE: &str = "countersign heads 1";
/// Longer than any valid line.
const LINE: u64 = 200;

/// The end of one token's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The token's tenant.
    pub tenant: TenantId,
    /// The token.
    pub token: TokenId,
    /// The version of its newest event.
    pub version: Version,
    /// The hash of its newest event.
    pub hash: ChainHash,
}

impl Head {
    /// The key by which heads are ordered.
    #[must_use]
    pub fn key(&self) -> (TenantId, TokenId) {
        (self.tenant, self.token)
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tenant,
            token,
            version,
            hash,
        } = self;
        write!(f, "{tenant} {token} {version} {hash}")
    }
}

impl FromStr for Head {
    type Err = UnreadableHead;

    fn from_str(line: &str) -> Result<Self, UnreadableHead> {
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or(UnreadableHead);
        let head = Self {
            tenant: word()?.parse().map_err(|_| UnreadableHead)?,
            token: word()?.parse().map_err(|_| UnreadableHead)?,
            version: number(word()?).ok_or(UnreadableHead)?,
            hash: word()?.parse().map_err(|_: MalformedText| UnreadableHead)?,
        };
        // Each head has one spelling, so that a digest stands for one set of heads.
        if head.to_string() == line {
            Ok(head)
        } else {
            Err(UnreadableHead)
        }
    }
}

fn number(word: &str) -> Option<Version> {
    word.parse::<i64>().ok()?.try_into().ok()
}

/// The line is not a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tenant, a token, a version and a hash")]
pub struct UnreadableHead;

/// Writes heads, and computes their digest. They have to come in the order of their keys.
pub struct HeadsWriter<W> {
    to: W,
    sum: Sha256,
    heads: u64,
}

impl<W: Write> HeadsWriter<W> {
    /// Begins the text.
    ///
    /// # Errors
    /// Returns the writer's error.
    pub fn new(to: W) -> io::Result<Self> {
        let mut new = Self {
            to,
            sum: Sha256::new(),
            heads: 0,
        };
        new.line(FIRST_LINE)?;
        Ok(new)
    }

    /// Adds the next head.
    ///
    /// # Errors
    /// Returns the writer's error.
    pub fn push(&mut self, head: &Head) -> io::Result<()> {
        self.heads += 1;
        self.line(&head.to_string())
    }

    /// Ends the text; returns the writer, and the digest of the text in hexadecimal digits.
    ///
    /// # Errors
    /// Returns the writer's error.
    pub fn finish(mut self) -> io::Result<(W, String)> {
        self.line(&format!("tokens {}", self.heads))?;
        self.to.flush()?;
        let digest = ChainHash::from_bytes(self.sum.finalize().into());
        Ok((self.to, digest.to_string()))
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        for part in [line, "\n"] {
            self.sum.update(part);
            self.to.write_all(part.as_bytes())?;
        }
        Ok(())
    }
}

/// Reads heads, one at a time, and refuses a text that was cut, reordered or added to.
pub struct HeadsReader<R> {
    from: R,
    last: Option<Head>,
    heads: u64,
    ended: bool,
}

impl<R: BufRead> HeadsReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// Returns the reader's error, or an error if the text does not have this form.
    pub fn new(from: R) -> io::Result<Self> {
        let mut new = Self {
            from,
            last: None,
            heads: 0,
            ended: false,
        };
        if new.line()? == FIRST_LINE {
            Ok(new)
        } else {
            Err(invalid("its first line is not that of a file of heads"))
        }
    }

    /// The next head; `None` at the end.
    ///
    /// # Errors
    /// Returns the reader's error, or an error if the text does not have this form.
    pub fn read(&mut self) -> io::Result<Option<Head>> {
        if self.ended {
            return Ok(None);
        }
        let line = self.line()?;
        if line == format!("tokens {}", self.heads) {
            self.ended = true;
            return if self.from.fill_buf()?.is_empty() {
                Ok(None)
            } else {
                Err(invalid("it goes on behind its end"))
            };
        }
        self.heads += 1;
        let head: Head = line
            .parse()
            .map_err(|_| invalid(&format!("line {} is not a head", self.heads + 1)))?;
        if self.last.is_some_and(|last| last.key() >= head.key()) {
            return Err(invalid(&format!("line {} is out of order", self.heads + 1)));
        }
        self.last = Some(head);
        Ok(Some(head))
    }

    /// The next line; empty at the end.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.from.by_ref().take(LINE).read_line(&mut line)?;
        Ok(line.strip_suffix('\n').map(str::to_owned).unwrap_or(line))
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

#[cfg(test)]
#[path = "heads_tests.rs"]
mod tests;
