//! What is counted. The one number that changes with every request is spread over several, because threads that count
//! in one place wait for each other.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use countersign_domain::SecretDigest;

/// What a cache has done, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests that were answered with facts that were held.
    pub hits: u64,
    /// Requests that were answered with the memory that nobody holds their secret.
    pub unknown_hits: u64,
    /// Requests whose facts were not held, or not believed.
    pub misses: u64,
    /// Requests that did not look at what was held, because the feed of changes was silent.
    pub bypasses: u64,
    /// Requests that were answered with facts that were held, because the source was away.
    pub fallbacks: u64,
    /// Look-ups that the source did not answer.
    pub faults: u64,
    /// Facts that are held.
    pub entries: u64,
    /// Bytes that they take.
    pub bytes: u64,
    /// Bytes that they may take.
    pub capacity: u64,
    /// How long ago the feed was heard; `None` = never.
    pub heard: Option<Duration>,
    /// Whether requests are answered with what is held.
    pub healthy: bool,
}

/// A number alone in its line of the processor's cache.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Lane(AtomicU64);

#[derive(Debug, Default)]
pub(super) struct Counters {
    hits: [Lane; 16],
    pub(super) unknown_hits: Counter,
    pub(super) misses: Counter,
    pub(super) bypasses: Counter,
    pub(super) fallbacks: Counter,
    pub(super) faults: Counter,
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// Digests are random, so they spread by themselves.
    pub(super) fn hit(&self, digest: &SecretDigest) {
        let lane = usize::from(digest.as_bytes()[31]) % self.hits.len();
        self.hits[lane].0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn hits(&self) -> u64 {
        let lanes = self.hits.iter();
        lanes.map(|lane| lane.0.load(Ordering::Relaxed)).sum()
    }
}
