//! What becomes of facts that are held when their token changes: they are forgotten, or replaced by
//! what the change makes of them, so that a token that changes all the time is checked from memory.

use std::sync::Arc;

use countersign_domain::{Credential, SecretDigest, TokenId};

use super::{CachedSource, Moment};
use crate::CredentialSource;

/// Facts of one secret from a change on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The facts that are held: they are of that version already.
    Unchanged,
    /// These, which the change makes of those that are held.
    Current(Credential),
    /// It cannot be told, and these are within it: they are honoured only while the source is away.
    Spare(Credential),
}

/// Facts that are held and are not believed any more, to be looked up again by
/// [`CachedSource::refresh`].
#[derive(Debug)]
pub struct StaleFacts {
    digest: SecretDigest,
    loaded: Moment,
}

impl<S> CachedSource<S> {
    /// Believes nothing any more that was looked up about this token before now. To be called after the change was
    /// committed, and before its maker is told so.
    pub fn forget(&self, token: TokenId) {
        self.epochs.stamping().forget(token);
    }

    /// Believes nothing any more that was looked up before now. A source that was left alone is asked again at once: there
    /// is nothing left to answer by meanwhile.
    pub fn forget_all(&self) {
        self.epochs.stamping().forget_all();
        self.breaker.answered(self.watch.now());
    }

    /// Does as [`forget`](Self::forget), and from then on believes what `renew` makes of facts that
    /// no change had overtaken so far. `renew` is called for each secret of the token whose facts
    /// are held, and is also given whether these facts are [current](Renewal::Current); what it
    /// makes of others is spare at most. Facts keep the age of their look-up.
    ///
    /// Returns those that are left to be looked up again.
    pub fn renew(
        &self,
        token: TokenId,
        renew: impl Fn(&Credential, bool) -> Option<Renewal>,
    ) -> Vec<StaleFacts> {
        let stamping = self.epochs.stamping();
        let now = self.watch.now();
        let mut held = self.entries.of_token(token);
        held.retain(|(_, entry)| self.is_spare(entry, now));
        // Before the stamp, after which none of them is good.
        let good: Vec<_> = held.iter().map(|(_, entry)| self.is_good(entry)).collect();
        let begin = stamping.forget(token);
        let mut stale = Vec::new();
        for ((digest, entry), good) in held.into_iter().zip(good) {
            let fresh = self.is_fresh(&entry, now);
            let renewal = good.then(|| renew(&entry.credential, fresh)).flatten();
            let (facts, current) = match renewal {
                Some(Renewal::Unchanged) => (Some(entry.credential), fresh),
                Some(Renewal::Current(next)) => (Some(Arc::new(next)), fresh),
                Some(Renewal::Spare(next)) => (Some(Arc::new(next)), false),
                None => (None, false),
            };
            let loaded = entry.loaded;
            if let Some(facts) = facts {
                // Too old for a check, and good for the grace from now on.
                let spare = || loaded.min(now.minus(self.settings.age));
                let loaded = if current { loaded } else { spare() };
                self.entries.keep(&digest, facts, begin, loaded);
            }
            if !current {
                stale.push(StaleFacts { digest, loaded });
            }
        }
        stale
    }
}

impl<S: CredentialSource> CachedSource<S> {
    /// Looks facts up again before a check asks for them, so that an outage that follows finds them
    /// held. They keep the age that they had: what no check asks for is not kept up.
    pub async fn refresh(&self, stale: StaleFacts) {
        let StaleFacts { digest, loaded } = stale;
        let current = |entry| self.is_good(&entry) && self.is_fresh(&entry, self.watch.now());
        if self.entries.known(&digest).is_some_and(current) {
            return;
        }
        // Before the source is asked: see `epochs`.
        let begin = self.epochs.begin();
        match self.source.find_by_digest(&digest).await {
            Ok(Some(credential)) => {
                self.entries.keep(&digest, credential, begin, loaded);
            }
            Ok(None) => self.entries.keep_unknown(&digest, begin, self.watch.now()),
            Err(_) => self.counters.faults.add(),
        }
    }
}
