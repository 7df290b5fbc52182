//! What a deployment decides about the cache. The defaults are those that the guarantee in the documents is made for.

use std::time::Duration;

/// How a [`CachedSource`](super::CachedSource) source behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// How many bytes of facts are held at most; 64 MiB by default.
    pub capacity_bytes: u64,
    /// How old facts grow at most, counted from their look-up and never renewed; 60 s by default. A second net under
    /// the feed of changes.
    pub age: Duration,
    /// How long it is remembered that nobody holds a secret; 2 s by default.
    pub unknown_age: Duration,
    /// How many secrets that nobody holds are remembered at most; 16,384 by default.
    pub unknown_entries: usize,
    /// How long the feed of changes may be silent before every request is looked up; 3 s by default.
    pub silence: Duration,
    /// How long facts are honoured while the source is away, counted from when the feed was last heard or the facts
    /// were looked up, whichever is later, and never longer than `age` beyond the look-up and this; 30 s by default,
    /// zero = not at all.
    pub grace: Duration,
    /// How long a look-up is waited for where facts are there to fall back on and the feed is heard; 500 ms by default.
    pub patience: Duration,
    /// How long a source that failed is left alone, but for one request that tries it; 1 s by default.
    pub retry: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            capacity_bytes: 64 << 20,
            age: Duration::from_mins(1),
            unknown_age: Duration::from_secs(2),
            unknown_entries: 16_384,
            silence: Duration::from_secs(3),
            grace: Duration::from_secs(30),
            patience: Duration::from_millis(500),
            retry: Duration::from_secs(1),
        }
    }
}
