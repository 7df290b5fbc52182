//! Settings of the cache. The documented bound on revocation holds for the defaults.

use std::time::Duration;

/// The settings of a [`CachedSource`](super::CachedSource).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// The maximum number of bytes of facts; 64 MiB by default.
    pub capacity_bytes: u64,
    /// The maximum age of facts, counted from their look-up; 60 s by default. It bounds how long a
    /// change that the feed lost stays unnoticed.
    pub ttl: Duration,
    /// The time for which an unknown secret is remembered; 2 s by default.
    pub negative_ttl: Duration,
    /// The maximum number of unknown secrets that are remembered; 16,384 by default.
    pub negative_entries: usize,
    /// The time without the feed of changes after which every request is looked up; 3 s by default.
    pub feed_timeout: Duration,
    /// The time for which facts are used while the source does not answer (RFC 5861, section 4), counted
    /// from the look-up or from when the feed was last heard, whichever is later; 30 s by default, and
    /// never if zero. Facts older than `ttl` and this together are not used.
    pub stale_if_error: Duration,
    /// The time-out of a look-up if there are facts to fall back on and the feed is heard; 500 ms by
    /// default.
    pub lookup_timeout: Duration,
    /// The interval at which one request tries a source that failed; 1 s by default.
    pub probe_interval: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            capacity_bytes: 64 << 20,
            ttl: Duration::from_mins(1),
            negative_ttl: Duration::from_secs(2),
            negative_entries: 16_384,
            feed_timeout: Duration::from_secs(3),
            stale_if_error: Duration::from_secs(30),
            lookup_timeout: Duration::from_millis(500),
            probe_interval: Duration::from_secs(1),
        }
    }
}
