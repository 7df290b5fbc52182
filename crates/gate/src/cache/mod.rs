//! Cache of facts, never of verdicts: each request is judged by itself. A cache that fails, or that has
//! not heard of changes for too long, costs look-ups; it fails no request, and it keeps no token
//! alive.

mod breaker;
mod entries;
mod epochs;
mod hashing;
mod lookup;
mod monotonic;
mod renewal;
mod settings;
mod single_flight;
mod stats;
mod token_index;

use std::{fmt, sync::Arc, task::Poll, time::Instant};

use async_trait::async_trait;
use countersign_domain::{Credential, SecretDigest};

use self::{
    breaker::Breaker,
    entries::{Entries, Entry, TYPICAL},
    epochs::Epochs,
    hashing::DigestHashBuilder,
    lookup::{KnownCredential, Lookup},
    monotonic::{AtomicMoment, Moment, MonotonicClock},
    single_flight::{LookupOutcome, SingleFlight},
    stats::Counters,
};
pub use self::{
    renewal::{Renewal, StaleFacts},
    settings::CacheSettings,
    stats::CacheStats,
};
use crate::{Aged, CredentialSource, PresentedSecret, SourceError};

/// The maximum number of look-ups that are repeated because the token changed in the meantime.
const TRIES: usize = 3;

/// A source whose answers are cached.
///
/// The owner of the cache follows the feed of changes and calls [`forget`](Self::forget) or
/// [`renew`](Self::renew) for each token that changed, [`forget_all`](Self::forget_all) if changes
/// may have been missed, and [`note_feed`](Self::note_feed) each time the feed was heard, after these
/// calls. Unless the feed is heard, every request is looked up in the source.
pub struct CachedSource<S> {
    source: S,
    settings: CacheSettings,
    epochs: Epochs,
    entries: Entries,
    single_flight: SingleFlight,
    breaker: Breaker,
    watch: MonotonicClock,
    heard: AtomicMoment,
    counters: Counters,
}

impl<S> CachedSource<S> {
    /// Creates a cache for this source.
    pub fn new(source: S, settings: CacheSettings) -> Self {
        let mix = DigestHashBuilder::new();
        let slots = usize::try_from(settings.capacity_bytes / TYPICAL).unwrap_or(usize::MAX);
        Self {
            source,
            epochs: Epochs::new(slots),
            entries: Entries::new(&settings, &mix),
            single_flight: SingleFlight::new(&mix),
            breaker: Breaker::new(settings.probe_interval),
            watch: MonotonicClock::start(),
            heard: AtomicMoment::default(),
            counters: Counters::default(),
            settings,
        }
    }

    /// Records that the feed was heard, and that all changes which it reported were passed on. `at` is
    /// the instant before the feed was asked, because changes during its answer are not yet known.
    pub fn note_feed(&self, at: Instant) {
        self.heard.advance(self.watch.at(at));
    }

    /// Returns the counters, and the size of the cache.
    pub fn stats(&self) -> CacheStats {
        let now = self.watch.now();
        let counters = &self.counters;
        CacheStats {
            hits: counters.hits(),
            unknown_hits: counters.unknown_hits.get(),
            misses: counters.misses.get(),
            bypasses: counters.bypasses.get(),
            fallbacks: counters.fallbacks.get(),
            faults: counters.faults.get(),
            entries: self.entries.len().try_into().unwrap_or(u64::MAX),
            bytes: self.entries.bytes(),
            capacity: self.settings.capacity_bytes,
            heard: self.heard.get().map(|heard| now.since(heard)),
            healthy: self.is_healthy(now),
        }
    }

    /// Returns the source behind the cache.
    pub const fn source(&self) -> &S {
        &self.source
    }

    fn is_healthy(&self, now: Moment) -> bool {
        let heard = self.heard.get();
        heard.is_some_and(|heard| now.since(heard) <= self.settings.feed_timeout)
    }

    fn held(&self, digest: &SecretDigest, now: Moment) -> Lookup {
        if !self.is_healthy(now) {
            return Lookup::Miss;
        }
        if let Some(entry) = self.entries.known(digest) {
            return if self.is_fresh(&entry, now) && self.is_good(&entry) {
                self.counters.hit(digest);
                Lookup::Hit(entry.into())
            } else {
                Lookup::Miss
            };
        }
        match self.entries.unknown(digest) {
            Some(unknown)
                if now.since(unknown.loaded) < self.settings.negative_ttl
                    && self.epochs.unflushed(unknown.begin) =>
            {
                self.counters.unknown_hits.add();
                Lookup::KnownUnknown
            }
            _ => Lookup::Miss,
        }
    }

    fn is_fresh(&self, entry: &Entry, now: Moment) -> bool {
        now.since(entry.loaded) < self.settings.ttl
    }

    fn is_good(&self, entry: &Entry) -> bool {
        self.epochs.good(entry.begin, entry.credential.token)
    }

    /// Returns facts that may be used while the source does not answer.
    fn spare(&self, digest: &SecretDigest) -> Option<KnownCredential> {
        let entry = self.entries.known(digest)?;
        let (now, settings) = (self.watch.now(), &self.settings);
        let known_good = self.heard.get().max(Some(entry.loaded))?;
        let within = now.since(known_good) < settings.stale_if_error && self.is_spare(&entry, now);
        (within && self.is_good(&entry)).then(|| entry.into())
    }

    /// Returns whether an entry is young enough to be used while the source does not answer. The limit
    /// also holds if the feed is heard and only look-ups fail.
    fn is_spare(&self, entry: &Entry, now: Moment) -> bool {
        now.since(entry.loaded) < self.settings.ttl + self.settings.stale_if_error
    }
}

impl<S: CredentialSource> CachedSource<S> {
    /// Returns the answer of a look-up, its own or one in flight, that is not stale.
    async fn look_up(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<KnownCredential>, SourceError> {
        let digest = presented.digest();
        for _ in 0..TRIES {
            let now = self.watch.now();
            let asked = || self.ask(presented);
            // A look-up that began long ago may have read the source long ago.
            let joinable = self.settings.lookup_timeout;
            let outcome = self.single_flight.join(digest, now, joinable, asked).await;
            let overtaken = matches!(
                &outcome.found,
                Ok(Some(facts)) if !self.epochs.good(outcome.begin, facts.credential.token)
            );
            if !overtaken {
                return outcome.found;
            }
        }
        // The token changes all the time. This answer is as new as the request.
        self.ask(presented).await.found
    }

    async fn ask(&self, presented: &PresentedSecret) -> LookupOutcome {
        let digest = presented.digest();
        // Before the source is asked: see `epochs`.
        let (begin, loaded) = (self.epochs.begin(), self.watch.now());
        let asked = loaded;
        let found = match self.source.find_aged(presented).await {
            Ok(Some(Aged { credential, age })) => {
                let loaded = loaded.minus(age);
                let credential = self.entries.keep(digest, credential, begin, loaded);
                Ok(Some(KnownCredential { credential, loaded }))
            }
            Ok(None) => {
                self.entries.keep_unknown(digest, begin, loaded);
                Ok(None)
            }
            Err(fault) => {
                self.counters.faults.add();
                Err(fault)
            }
        };
        match &found {
            Err(fault) if fault.is_away() => {
                self.breaker.failed(asked, self.watch.now(), fault);
            }
            _ => self.breaker.answered(self.watch.now()),
        }
        LookupOutcome { begin, found }
    }

    /// As [`look_up`](Self::look_up), within the time-out of look-ups if there are facts to fall back
    /// on. While the feed is not heard these may be wrong, so a slow source is waited for.
    async fn look_up_in_time(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<KnownCredential>, SourceError> {
        self.breaker.may_ask(self.watch.now())?;
        let healthy = self.is_healthy(self.watch.now());
        if !healthy || self.spare(presented.digest()).is_none() {
            return self.look_up(presented).await;
        }
        let limit = self.settings.lookup_timeout;
        if let Ok(found) = tokio::time::timeout(limit, self.look_up(presented)).await {
            return found;
        }
        // This does not open the breaker: other requests may have no facts to fall back on.
        self.counters.faults.add();
        Err(SourceError::away("the source did not answer in time"))
    }
}

#[async_trait]
impl<S: CredentialSource> CredentialSource for CachedSource<S> {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        let found = self.find_aged(presented).await?;
        Ok(found.map(|dated| dated.credential))
    }

    async fn find_aged(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        let (digest, now) = (presented.digest(), self.watch.now());
        match self.held(digest, now) {
            Lookup::Hit(facts) => return Ok(Some(facts.dated(now))),
            Lookup::KnownUnknown => return Ok(None),
            Lookup::Miss if self.is_healthy(now) => self.counters.misses.add(),
            Lookup::Miss => self.counters.bypasses.add(),
        }
        let fault = match self.look_up_in_time(presented).await {
            Err(fault) if fault.is_away() => fault,
            answer => return Ok(answer?.map(|facts| facts.dated(self.watch.now()))),
        };
        // Read only now, because a change may have come while the source was asked.
        if let Some(spare) = self.spare(digest) {
            self.counters.fallbacks.add();
            return Ok(Some(spare.dated(self.watch.now())));
        }
        // If the source has answered another request in the meantime, it is asked again.
        if !self.breaker.answered_since(now) {
            return Err(fault);
        }
        let found = self.look_up(presented).await?;
        Ok(found.map(|facts| facts.dated(self.watch.now())))
    }

    fn try_now(&self, presented: &PresentedSecret) -> Poll<Option<Aged>> {
        let now = self.watch.now();
        match self.held(presented.digest(), now) {
            Lookup::Hit(facts) => Poll::Ready(Some(facts.dated(now))),
            Lookup::KnownUnknown => Poll::Ready(None),
            Lookup::Miss => Poll::Pending,
        }
    }
}

impl<S> fmt::Debug for CachedSource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("settings", &self.settings)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod interleaving_tests;
#[cfg(test)]
mod outage_tests;
#[cfg(test)]
mod renewal_tests;
#[cfg(test)]
mod tests;
