//! Verification of a token's history: whether each event follows the one before, and whether the
//! stored rows are what the events say. It notices every change that was made without the service,
//! not only a changed event.

mod comparison;
mod error;
mod secrets;
mod snapshot;

use crate::{
    AllowedAddresses, AuditEvent, ChainHash, Description, Encoding, EventContent, EventKind,
    FieldChange, Metadata, Owner, PartialToken, PermissionSet, Timestamp, TokenName, UserId,
    Version,
};
use secrets::Secrets;

pub use error::BrokenChain;
pub use snapshot::{RecordSnapshot, Search, SearchRow, SecretSnapshot, UserSnapshot, UsesRow};

/// Verifies one token's events, the oldest first, and reports the first fault.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    hash: ChainHash,
    version: Option<Version>,
    created: Option<(Timestamp, UserId)>,
    modified: Option<(Timestamp, UserId)>,
    name: Option<TokenName>,
    expiry: Option<Timestamp>,
    addresses: Option<AllowedAddresses>,
    permissions: Option<PermissionSet>,
    owner: Option<Owner>,
    description: Option<Description>,
    metadata: Option<Metadata>,
    partial: Option<PartialToken>,
    secrets: Secrets,
    revoked: Option<Timestamp>,
    /// Whether an event so far had an encoding that commits to secrets: from then on, all events
    /// that make a secret must.
    commits: bool,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self {
            hash: ChainHash::START,
            version: None,
            created: None,
            modified: None,
            name: None,
            expiry: None,
            addresses: None,
            permissions: None,
            owner: None,
            description: None,
            metadata: None,
            partial: None,
            secrets: Secrets::default(),
            revoked: None,
            commits: false,
        }
    }
}

impl ChainVerifier {
    /// The version of the newest verified event.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The hash of the newest verified event; [`ChainHash::START`] before the first.
    #[must_use]
    pub fn hash(&self) -> ChainHash {
        self.hash
    }

    /// The number of secrets that the verifier remembers, at some 150 bytes each: all that the token
    /// ever had.
    #[must_use]
    pub fn secrets(&self) -> usize {
        self.secrets.len()
    }

    /// Verifies the next event.
    ///
    /// # Errors
    /// Returns an error if it does not follow the event before.
    pub fn push(&mut self, event: &AuditEvent) -> Result<(), BrokenChain> {
        let content = &event.content;
        let expected = self.version.map_or(Version::FIRST, Version::next);
        if content.version_after != expected || content.version_before != self.version {
            return Err(BrokenChain::Gap(content.version_after));
        }
        let makes_a_secret = matches!(content.kind, EventKind::Created | EventKind::Rotated);
        if self.commits && makes_a_secret && content.encoding < Encoding::V2 {
            return Err(BrokenChain::Uncommitted(content.version_after));
        }
        let begins = content.kind == EventKind::Created;
        let follows = self.revoked.is_none()
            && begins == self.version.is_none()
            && content.commits_as_it_must()
            && content.hash_behind(&self.hash) == Some(event.hash)
            && self.take(content);
        if !follows {
            return Err(BrokenChain::Altered(content.version_after));
        }
        self.hash = event.hash;
        self.version = Some(content.version_after);
        Ok(())
    }

    /// Applies an event's changes; `false` if they do not start from the current values.
    fn take(&mut self, content: &EventContent) -> bool {
        let changes = &content.changes;
        let done = Some((content.at, content.by));
        self.created = self.created.or(done);
        self.modified = done;
        self.revoked = (content.kind == EventKind::Revoked).then_some(content.at);
        self.commits |= content.encoding >= Encoding::V2;
        follow(&mut self.name, changes.name.as_ref())
            && follow(&mut self.expiry, changes.expiry.as_ref())
            && follow(&mut self.addresses, changes.allowed_addresses.as_ref())
            && follow(&mut self.permissions, changes.permissions.as_ref())
            && follow(&mut self.owner, changes.owner.as_ref())
            && follow(&mut self.description, changes.description.as_ref())
            && follow(&mut self.metadata, changes.metadata.as_ref())
            && self.follow_partial(changes.partial_token.as_ref())
            && self.secrets.take(content)
    }

    /// No event has the partial token of the first secret, so the first rotation is trusted about
    /// it.
    fn follow_partial(&mut self, change: Option<&FieldChange<PartialToken>>) -> bool {
        if self.partial.is_none() {
            self.partial = change.and_then(|change| change.before.clone());
        }
        follow(&mut self.partial, change)
    }
}

/// Applies a change; `false` if it does not start from the current value.
fn follow<T: PartialEq + Clone>(value: &mut Option<T>, change: Option<&FieldChange<T>>) -> bool {
    let Some(change) = change else { return true };
    let starts_here = *value == change.before;
    value.clone_from(&change.after);
    starts_here
}

#[cfg(test)]
mod annotations_tests;
#[cfg(test)]
mod comparison_tests;
#[cfg(test)]
mod encodings_tests;
#[cfg(test)]
mod retirement_tests;
#[cfg(test)]
mod secrets_tests;
#[cfg(test)]
mod tests;
