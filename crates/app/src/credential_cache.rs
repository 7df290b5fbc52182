//! The cache of facts of recently checked tokens on this node, and its invalidation.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use countersign_application::ports::{Invalidator, TokenChanged};
use countersign_domain::{Change, Credential, EventKind, Token, TokenId, Write};
use countersign_gate::{CacheSettings, CachedSource, CredentialSource, Renewal, StaleFacts};
use countersign_http::StoreSource;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    metrics::{MetricsPage, count},
    settings::{ChangeFeed, Settings},
};

/// The invalidator of commands, whose processes cache nothing.
pub(crate) struct NoopInvalidator;

impl Invalidator for NoopInvalidator {
    fn invalidate(&self, _: TokenId) {}
    fn stored(&self, _: &Change) {}
    fn in_doubt(&self, _: &Change) {}
}

/// How many facts one statement looks up again, and how many wait for that. Further ones are looked
/// up by the checks that need them.
const REFRESHED_AT_ONCE: usize = 128;
const REFRESHED_LATER: usize = 1024;

/// The cache; none if no feed would report changes.
pub(crate) struct CredentialCache {
    source: Arc<dyn CredentialSource>,
    kept: Option<Arc<CachedSource<StoreSource>>>,
    refresh: mpsc::Sender<StaleFacts>,
    stale: Mutex<Option<mpsc::Receiver<StaleFacts>>>,
}

impl CredentialCache {
    pub(crate) fn new(store: StoreSource, settings: &Settings) -> Self {
        let (refresh, stale) = mpsc::channel(REFRESHED_LATER);
        let stale = Mutex::new(Some(stale));
        if settings.change_feed == ChangeFeed::None {
            return Self {
                source: Arc::new(store),
                kept: None,
                refresh,
                stale,
            };
        }
        let kept = CacheSettings {
            capacity_bytes: u64::from(settings.cache_megabytes) << 20,
            stale_if_error: settings.outage_grace,
            ..CacheSettings::default()
        };
        let kept = Arc::new(CachedSource::new(store, kept));
        Self {
            source: kept.clone(),
            kept: Some(kept),
            refresh,
            stale,
        }
    }

    /// The source for the gate.
    pub(crate) fn source(&self) -> Arc<dyn CredentialSource> {
        self.source.clone()
    }

    fn forget(&self, token: TokenId) {
        self.kept.iter().for_each(|kept| kept.forget(token));
    }

    fn renew(&self, token: TokenId, renew: impl Fn(&Credential, bool) -> Option<Renewal>) {
        for stale in self.kept.iter().flat_map(|kept| kept.renew(token, &renew)) {
            // If too many wait, the next check looks it up.
            let _ = self.refresh.try_send(stale);
        }
    }

    /// Renews or invalidates the facts of a token by a change that the feed reported.
    pub(crate) fn hear(&self, change: &TokenChanged) {
        if change.kind == EventKind::Revoked {
            return self.forget(change.token);
        }
        self.renew(change.token, |held, current| {
            if !current {
                return None;
            }
            if held.version >= change.version {
                return Some(Renewal::Unchanged);
            }
            let next = held.updated(change.version, change.at, &change.update()?)?;
            Some(Renewal::Current(next))
        });
    }

    /// Looks up again what changes left to be looked up, all of it together that waits.
    pub(crate) async fn refresh_often(self: Arc<Self>) {
        let stale = self
            .stale
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (Some(kept), Some(mut stale)) = (self.kept.clone(), stale) else {
            return;
        };
        let mut batch = Vec::with_capacity(REFRESHED_AT_ONCE);
        while stale.recv_many(&mut batch, REFRESHED_AT_ONCE).await > 0 {
            let mut refreshing = JoinSet::new();
            for stale in batch.drain(..) {
                let kept = kept.clone();
                refreshing.spawn(async move { kept.refresh(stale).await });
            }
            // After a panic, the next check looks the facts up.
            while refreshing.join_next().await.is_some() {}
        }
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

    fn stored(&self, change: &Change) {
        let next = change.next();
        match change.write() {
            Write::Create { .. } | Write::Revoke { .. } => self.forget(next.id),
            // What is held of its secrets is looked up again.
            Write::Rotate { .. } | Write::Retire { .. } => self.renew(next.id, |_, _| None),
            Write::Update { expected, .. } => self.renew(next.id, |held, _| {
                if held.version >= next.version {
                    return unchanged(held, next);
                }
                let renewed = held.of_record(next);
                Some(if held.version == *expected {
                    Renewal::Current(renewed)
                } else {
                    // What came between is not known here yet, and may have ended this secret.
                    Renewal::Spare(renewed)
                })
            }),
        }
    }

    /// An update leaves what the record permits with and without it.
    fn in_doubt(&self, change: &Change) {
        let next = change.next();
        let Write::Update { expected, .. } = change.write() else {
            return self.forget(next.id);
        };
        self.renew(next.id, |held, _| {
            if held.version == *expected {
                held.narrowed(next).map(Renewal::Spare)
            } else {
                unchanged(held, next)
            }
        });
    }
}

/// The feed may be quicker than the statement's own answer. Facts of a later version are looked up
/// again: in a history that lost its end, numbers come twice.
fn unchanged(held: &Credential, next: &Token) -> Option<Renewal> {
    let same = held.version == next.version && held.of_record(next) == *held;
    same.then_some(Renewal::Unchanged)
}
