//! Counters of the cache. The counter that changes with every request is spread over several cache
//! lines, because threads that write to one line wait for each other.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use countersign_domain::SecretDigest;

/// The counters and the size of a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests that were answered from cached facts.
    pub hits: u64,
    /// Requests that were answered from the memory of unknown secrets.
    pub unknown_hits: u64,
    /// Requests whose facts were not cached, or were stale.
    pub misses: u64,
    /// Requests for which the cache was not used, because the feed was not heard.
    pub bypasses: u64,
    /// Requests that were answered from cached facts because the source did not answer.
    pub fallbacks: u64,
    /// Look-ups that the source did not answer.
    pub faults: u64,
    /// Cached facts.
    pub entries: u64,
    /// The bytes of all cached facts.
    pub bytes: u64,
    /// The maximum of these bytes.
    pub capacity: u64,
    /// The time since the feed was heard; `None` if it was never heard.
    pub heard: Option<Duration>,
    /// Whether the feed is heard, so that the cache is used.
    pub healthy: bool,
}

/// A counter with a cache line of its own.
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
    /// Counts a hit. Digests are random, which spreads hits over the lines.
    pub(super) fn hit(&self, digest: &SecretDigest) {
        let lane = usize::from(digest.as_bytes()[31]) % self.hits.len();
        self.hits[lane].0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn hits(&self) -> u64 {
        let lanes = self.hits.iter();
        lanes.map(|lane| lane.0.load(Ordering::Relaxed)).sum()
    }
}
