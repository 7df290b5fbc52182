//! Recently reported changes. The node that answers need not be the one that reported a change, and
//! may not know it yet: its answer would bring old facts back after the invalidation.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_domain::{Credential, TokenId, Version};
use tokio::time::Instant;

/// How long a reported change is kept: the maximum by which a node may be behind, by the guarantee,
/// and as much again.
const WITHIN: Duration = Duration::from_secs(10);

/// The number of changes at which older ones are dropped.
const MANY: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct SeenVersions(Mutex<HashMap<TokenId, (Version, Instant)>>);

impl SeenVersions {
    pub(super) fn changed(&self, token: TokenId, version: Version) {
        let now = Instant::now();
        let mut changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, at) = changes.entry(token).or_insert((version, now));
        (*kept, *at) = ((*kept).max(version), now);
        if changes.len().is_multiple_of(MANY) {
            changes.retain(|_, (_, at)| now.duration_since(*at) < WITHIN);
        }
    }

    /// Whether no newer version than these facts was reported.
    pub(super) fn is_current(&self, facts: &Credential) -> bool {
        let changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = changes.get(&facts.token);
        told.is_none_or(|(version, _)| *version <= facts.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::credential;

    #[tokio::test(start_paused = true)]
    async fn facts_that_are_older_than_what_was_told_are_not_current() {
        let recent = SeenVersions::default();
        let facts = credential(1);
        assert!(recent.is_current(&facts));
        recent.changed(facts.token, facts.version);
        assert!(recent.is_current(&facts));
        recent.changed(facts.token, facts.version.next());
        recent.changed(facts.token, facts.version);
        assert!(!recent.is_current(&facts));
        assert!(recent.is_current(&credential(2)));
    }
}
