//! The records that this node read, or wrote by an update, a moment ago. What is stored under an id
//! and a version never changes, so that an update of that version need not read it again. The commit
//! compares the version all the same: a record that was changed elsewhere since costs a second try.

use std::time::Duration;

use countersign_domain::{TenantId, TokenId, TokenView, UserId, Version};
use quick_cache::{Weighter, sync::Cache};
use tokio::time::Instant;

/// How long a record counts as recent. Shorter than any fail-over, after which an end of the history
/// that was lost is written anew under the same versions. It also bounds how late an answer shows
/// what is not of the record's version: the last use, and the names of others.
const RECENT: Duration = Duration::from_secs(2);

/// How many bytes the records may take; typical ones take 600 each.
const BYTES: u64 = 1 << 20;

/// How many bytes an entry takes besides texts and lists: the record, its key, and its place.
const ENTRY: usize = 512;

type Key = (TenantId, TokenId);

#[derive(Debug, Clone)]
struct Recent {
    view: TokenView,
    since: Instant,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Recent> for Bytes {
    fn weight(&self, _: &Key, recent: &Recent) -> u64 {
        let token = &recent.view.token;
        let addresses = token.addresses.iter().map(|address| address.len());
        let lists = token.permissions.written_len() + addresses.sum::<usize>();
        (ENTRY + token.name.as_str().len() + lists) as u64
    }
}

#[derive(Debug)]
pub(super) struct RecentRecords(Cache<Key, Recent, Bytes>);

impl Default for RecentRecords {
    fn default() -> Self {
        Self(Cache::with_weighter(64, BYTES, Bytes))
    }
}

impl RecentRecords {
    /// The record of that version, if it was noted a moment before.
    pub(super) fn find(&self, key: Key, version: Version, now: Instant) -> Option<TokenView> {
        let recent = self.0.get(&key)?;
        let fits =
            recent.view.token.version == version && now.duration_since(recent.since) < RECENT;
        fits.then_some(recent.view)
    }

    /// Notes a record that the store holds now.
    pub(super) fn note(&self, view: &TokenView, since: Instant) {
        let view = view.clone();
        let key = (view.token.tenant, view.token.id);
        self.0.insert(key, Recent { view, since });
    }

    pub(super) fn forget(&self, key: Key) {
        self.0.remove(&key);
    }

    /// A user has another name from now on, which records show that it made.
    pub(super) fn forget_made_by(&self, user: UserId) {
        self.0.retain(|_, recent| recent.view.created_by.id != user);
    }

    /// The store may be another one than before.
    pub(super) fn forget_all(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{tenant_id, token_id, user, view};

    #[test]
    fn a_record_counts_for_a_moment_and_for_its_own_version() {
        let (records, now) = (RecentRecords::default(), Instant::now());
        let key = (tenant_id(), token_id(2));
        let noted = view(2, 3);
        let (before, version) = (view(2, 2).token.version, noted.token.version);
        assert_eq!(records.find(key, version, now), None);
        records.note(&noted, now);
        assert_eq!(records.find(key, version, now), Some(noted.clone()));
        assert_eq!(records.find(key, before, now), None);
        assert_eq!(records.find((tenant_id(), token_id(3)), version, now), None);
        let elsewhere = TenantId::new(crate::samples::now(), &[8; 10]);
        assert_eq!(records.find((elsewhere, token_id(2)), version, now), None);
        let last = now + RECENT - Duration::from_nanos(1);
        assert!(records.find(key, version, last).is_some());
        assert_eq!(records.find(key, version, now + RECENT), None);
        records.forget(key);
        assert_eq!(records.find(key, version, now), None);
        records.note(&noted, now);
        records.forget_made_by(user(9).id);
        assert!(records.find(key, version, now).is_some());
        records.forget_made_by(noted.created_by.id);
        assert_eq!(records.find(key, version, now), None);
        records.note(&noted, now);
        records.forget_all();
        assert_eq!(records.find(key, version, now), None);
    }

    #[test]
    fn records_stay_within_their_bytes() {
        let (records, now) = (RecentRecords::default(), Instant::now());
        for number in 0..10_000_u64 {
            let mut one = view(2, 3);
            let mut tail = [0; 10];
            tail[2..].copy_from_slice(&number.to_be_bytes());
            one.token.id = TokenId::new(crate::samples::now(), &tail);
            records.note(&one, now);
            assert!(records.0.weight() <= BYTES);
        }
        assert!(
            (500..2048).contains(&records.0.len()),
            "{}",
            records.0.len()
        );
    }
}
