//! Walking a token's history: whether each event follows the one before, and whether the record is what its events
//! made of it. A record that was changed behind the service's back shows, not only a changed event.

use thiserror::Error;

use crate::{
    AllowedAddresses, AuditEvent, ChainHash, Changed, EventKind, PartialToken, PermissionSet,
    Timestamp, Token, TokenName, TokenView, Version,
};

/// Walks one token's events, oldest first, and names the first thing that does not fit.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    hash: ChainHash,
    version: Option<Version>,
    name: Option<TokenName>,
    expiry: Option<Timestamp>,
    addresses: Option<AllowedAddresses>,
    permissions: Option<PermissionSet>,
    partial: Option<PartialToken>,
    revoked: bool,
}

/// What a record says of itself, to be compared with what its events say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The record.
    pub token: Token,
    /// The hash of its newest event.
    pub head: ChainHash,
    /// Whether it is revoked.
    pub revoked: bool,
}

impl Recorded {
    /// What the record of a view says, live or revoked.
    #[must_use]
    pub fn of(view: TokenView, revoked: bool) -> Self {
        Self {
            token: view.token,
            head: view.head,
            revoked,
        }
    }
}

/// Why a history is broken, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BrokenChain {
    /// An event is missing before this version.
    #[error("an event is missing before version {0}")]
    Gap(Version),
    /// The event of this version is not what was written.
    #[error("the event of version {0} is not what was written")]
    Altered(Version),
    /// The chain ends elsewhere than the record says: events are missing at its end, or were added.
    #[error("the chain does not end where the record says")]
    WrongEnd,
    /// The record has another value in this field than its events gave it.
    #[error("the record's {0} is not what its events made it")]
    RecordDiffers(&'static str),
    /// There are events, and no record.
    #[error("there are events without a record")]
    RecordMissing,
    /// The record cannot be read for what this column holds.
    #[error("the record's column {0} cannot be read")]
    RecordUnreadable(&'static str),
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self {
            hash: ChainHash::START,
            version: None,
            name: None,
            expiry: None,
            addresses: None,
            permissions: None,
            partial: None,
            revoked: false,
        }
    }
}

impl ChainVerifier {
    /// The version of the newest event that was taken.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The hash of the newest event that was taken.
    #[must_use]
    pub fn hash(&self) -> ChainHash {
        self.hash
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// When it does not follow the one before.
    pub fn push(&mut self, event: &AuditEvent) -> Result<(), BrokenChain> {
        let content = &event.content;
        let expected = self.version.map_or(Version::FIRST, Version::next);
        if content.version_after != expected || content.version_before != self.version {
            return Err(BrokenChain::Gap(content.version_after));
        }
        let changes = &content.changes;
        let follows = !self.revoked
            && content.hash_behind(&self.hash) == Some(event.hash)
            && follow(&mut self.name, changes.name.as_ref())
            && follow(&mut self.expiry, changes.expiry.as_ref())
            && follow(&mut self.addresses, changes.allowed_addresses.as_ref())
            && follow(&mut self.permissions, changes.permissions.as_ref())
            && self.follow_partial(changes.partial_token.as_ref());
        if !follows {
            return Err(BrokenChain::Altered(content.version_after));
        }
        self.revoked = content.kind == EventKind::Revoked;
        self.hash = event.hash;
        self.version = Some(content.version_after);
        Ok(())
    }

    /// What may be shown of the first secret is in no event, so the first rotation is believed about it.
    fn follow_partial(&mut self, change: Option<&Changed<PartialToken>>) -> bool {
        if self.partial.is_none() {
            self.partial = change.and_then(|change| change.before.clone());
        }
        follow(&mut self.partial, change)
    }

    /// Compares the end of the chain, and all that its events made of the record, with the record itself.
    ///
    /// # Errors
    /// Where the two differ.
    pub fn finish(&self, record: &Recorded) -> Result<(), BrokenChain> {
        let token = &record.token;
        if self.version != Some(token.version) || self.hash != record.head {
            return Err(BrokenChain::WrongEnd);
        }
        let fields = [
            ("name", self.name.as_ref() == Some(&token.name)),
            ("expiry", self.expiry == Some(token.expiry)),
            (
                "allowedAddresses",
                self.addresses.as_ref() == Some(&token.addresses),
            ),
            (
                "permissions",
                self.permissions.as_ref() == Some(&token.permissions),
            ),
            (
                "partialToken",
                self.partial
                    .as_ref()
                    .is_none_or(|shown| *shown == token.partial),
            ),
            ("revocation", self.revoked == record.revoked),
        ];
        match fields.iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(BrokenChain::RecordDiffers(field)),
            None => Ok(()),
        }
    }
}

/// Takes a change over, where it starts from what was there.
fn follow<T: PartialEq + Clone>(value: &mut Option<T>, change: Option<&Changed<T>>) -> bool {
    let Some(change) = change else { return true };
    let starts_here = *value == change.before;
    value.clone_from(&change.after);
    starts_here
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
