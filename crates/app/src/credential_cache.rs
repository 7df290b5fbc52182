//! The cache of facts of recently checked tokens on this node, and its invalidation.

use std::{fmt, sync::Arc, time::Instant};

use countersign_application::ports::Invalidator;
use countersign_domain::TokenId;
use countersign_gate::{CacheSettings, CachedSource, CredentialSource};
use countersign_http::StoreSource;

use crate::{
    metrics::{MetricsPage, count},
    settings::{ChangeFeed, Settings},
};

/// The invalidator of commands, whose processes cache nothing.
pub(crate) struct NoopInvalidator;

impl Invalidator for NoopInvalidator {
    fn invalidate(&self, _: TokenId) {}
}

/// The cache; none if no feed would report changes.
pub(crate) struct CredentialCache {
    source: Arc<dyn CredentialSource>,
    kept: Option<Arc<CachedSource<StoreSource>>>,
}

impl CredentialCache {
    pub(crate) fn new(store: StoreSource, settings: &Settings) -> Self {
        if settings.change_feed == ChangeFeed::None {
            return Self {
                source: Arc::new(store),
                kept: None,
            };
        }
        let kept = CacheSettings {
            capacity_bytes: u64::from(settings.cache_megabytes) << 20,
            grace: settings.outage_grace,
            ..CacheSettings::default()
        };
        let kept = Arc::new(CachedSource::new(store, kept));
        Self {
            source: kept.clone(),
            kept: Some(kept),
        }
    }

    /// The source for the gate.
    pub(crate) fn source(&self) -> Arc<dyn CredentialSource> {
        self.source.clone()
    }

    pub(crate) fn forget(&self, token: TokenId) {
        self.kept.iter().for_each(|kept| kept.forget(token));
    }

    pub(crate) fn forget_all(&self) {
        self.kept.iter().for_each(|kept| kept.forget_all());
    }

    /// Records that the feed answered at that instant, and that all its changes are invalidated.
    pub(crate) fn note_feed(&self, at: Instant) {
        self.kept.iter().for_each(|kept| kept.note_feed(at));
    }

    /// Writes the metrics of the cache.
    pub(crate) fn encode(&self, page: &mut MetricsPage<'_>) -> fmt::Result {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        let stats = kept.stats();
        for (name, help, value) in [
            ("hits", "Checks by facts in memory", stats.hits),
            ("misses", "Checks that had to look up", stats.misses),
            (
                "unknown_hits",
                "Checks of secrets that are remembered as nobody's",
                stats.unknown_hits,
            ),
            (
                "bypasses",
                "Checks that looked up because the feed was silent",
                stats.bypasses,
            ),
            (
                "fallbacks",
                "Checks by facts in memory because the store was away",
                stats.fallbacks,
            ),
            (
                "faults",
                "Look-ups that the store did not answer",
                stats.faults,
            ),
        ] {
            page.counter(&format!("facts_{name}"), help, value)?;
        }
        for (name, help, value) in [
            ("entries", "Tokens whose facts are in memory", stats.entries),
            ("bytes", "Memory that the facts take", stats.bytes),
            (
                "capacity_bytes",
                "Memory that they may take",
                stats.capacity,
            ),
        ] {
            page.gauge(&format!("facts_{name}"), help, None, count(value))?;
        }
        let healthy = u64::from(stats.healthy);
        let help = "Whether checks are answered by facts in memory";
        page.gauge("facts_healthy", help, None, count(healthy))
    }
}

impl Invalidator for CredentialCache {
    fn invalidate(&self, token: TokenId) {
        self.forget(token);
    }
}
