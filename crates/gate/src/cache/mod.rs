//! Facts at hand, never verdicts: each request is judged anew, by facts that need not be fetched anew. A cache that is
//! broken, or that has not heard of changes for too long, costs look-ups; it never fails a request, and it never keeps a
//! token alive.

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

/// How often a look-up is done again because the token changed meanwhile, before its own answer is taken.
const TRIES: usize = 3;

/// A source whose answers are held for a while.
///
/// Somebody has to follow the changes and tell of them: [`forget`](Self::forget) or
/// [`renew`](Self::renew) for each token that changed, [`forget_all`](Self::forget_all) where some may have been missed, and
/// [`note_feed`](Self::note_feed) at each sign of life, after everything that came before it was
/// forgotten. As long as nobody does, every request is looked up.
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
    /// Holds what this source answers.
    pub fn new(source: S, settings: CacheSettings) -> Self {
        let mix = DigestHashBuilder::new();
        let slots = usize::try_from(settings.capacity_bytes / TYPICAL).unwrap_or(usize::MAX);
        Self {
            source,
            epochs: Epochs::new(slots),
            entries: Entries::new(&settings, &mix),
            single_flight: SingleFlight::new(&mix),
            breaker: Breaker::new(settings.retry),
            watch: MonotonicClock::start(),
            heard: AtomicMoment::default(),
            counters: Counters::default(),
            settings,
        }
    }

    /// The feed of changes lived at that moment, and everything that it told was forgotten. The moment is the one before
    /// the feed was asked: of what came while its answer was on its way, nothing is known.
    pub fn note_feed(&self, at: Instant) {
        self.heard.advance(self.watch.at(at));
    }

    /// What was done so far, and what is held.
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

    /// The source behind the cache.
    pub const fn source(&self) -> &S {
        &self.source
    }

    fn is_healthy(&self, now: Moment) -> bool {
        let heard = self.heard.get();
        heard.is_some_and(|heard| now.since(heard) <= self.settings.silence)
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
                if now.since(unknown.loaded) < self.settings.unknown_age
                    && self.epochs.unflushed(unknown.begin) =>
            {
                self.counters.unknown_hits.add();
                Lookup::KnownUnknown
            }
            _ => Lookup::Miss,
        }
    }

    fn is_fresh(&self, entry: &Entry, now: Moment) -> bool {
        now.since(entry.loaded) < self.settings.age
    }

    fn is_good(&self, entry: &Entry) -> bool {
        self.epochs.good(entry.begin, entry.credential.token)
    }

    /// Facts that may be honoured while the source is away.
    fn spare(&self, digest: &SecretDigest) -> Option<KnownCredential> {
        let entry = self.entries.known(digest)?;
        let (now, settings) = (self.watch.now(), &self.settings);
        let known_good = self.heard.get().max(Some(entry.loaded))?;
        let within = now.since(known_good) < settings.grace && self.is_spare(&entry, now);
        (within && self.is_good(&entry)).then(|| entry.into())
    }

    /// The age bounds them all the same, where the feed goes on and only look-ups fail.
    fn is_spare(&self, entry: &Entry, now: Moment) -> bool {
        now.since(entry.loaded) < self.settings.age + self.settings.grace
    }
}

impl<S: CredentialSource> CachedSource<S> {
    /// The answer of a look-up, one's own or another's, that no change has overtaken.
    async fn look_up(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<KnownCredential>, SourceError> {
        let digest = presented.digest();
        for _ in 0..TRIES {
            let now = self.watch.now();
            let asked = || self.ask(presented);
            // What began long ago may have been answered long ago.
            let joinable = self.settings.patience;
            let landed = self.single_flight.join(digest, now, joinable, asked).await;
            let overtaken = matches!(
                &landed.found,
                Ok(Some(facts)) if !self.epochs.good(landed.begin, facts.credential.token)
            );
            if !overtaken {
                return landed.found;
            }
        }
        // It changes all the time. What the source says from here on is as new as this request.
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

    /// As [`look_up`](Self::look_up), but no longer than it is worth where there are facts to fall back on that are only
    /// old. While the feed is silent they may be wrong: then a source that is merely slow is waited for.
    async fn look_up_in_time(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<KnownCredential>, SourceError> {
        self.breaker.may_ask(self.watch.now())?;
        let healthy = self.is_healthy(self.watch.now());
        if !healthy || self.spare(presented.digest()).is_none() {
            return self.look_up(presented).await;
        }
        let patience = self.settings.patience;
        if let Ok(found) = tokio::time::timeout(patience, self.look_up(presented)).await {
            return found;
        }
        // No reason to leave it alone: others may have nothing to fall back on, and time to wait.
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
        // Looked at only now: a change may have come while the source was asked.
        if let Some(spare) = self.spare(digest) {
            self.counters.fallbacks.add();
            return Ok(Some(spare.dated(self.watch.now())));
        }
        // The source came back meanwhile: what it would answer now must not be refused for how it was before.
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
