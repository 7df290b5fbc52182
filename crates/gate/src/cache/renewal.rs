//! Invalidation and renewal of facts when their token changes. Renewed facts are those that the change
//! determines, so that a token which changes all the time is checked from memory.

use std::sync::Arc;

use countersign_domain::{Credential, SecretDigest, TokenId};

use super::{CachedSource, Moment};
use crate::CredentialSource;

/// The facts of one secret after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The cached facts, which have that version already.
    Unchanged,
    /// These, which follow from the cached facts and the change.
    Current(Credential),
    /// Facts that are not known exactly. These permit no more than the exact ones, and are used only
    /// while the source does not answer.
    Spare(Credential),
}

/// Stale facts, which [`CachedSource::refresh`] looks up again.
#[derive(Debug)]
pub struct StaleFacts {
    digest: SecretDigest,
    loaded: Moment,
}

impl<S> CachedSource<S> {
    /// Makes all facts of this token stale that were looked up before now. Called after the commit of
    /// a change, and before its caller is answered.
    pub fn forget(&self, token: TokenId) {
        self.epochs.stamping().forget(token);
    }

    /// Makes all facts stale that were looked up before now. Closes the breaker, because no facts are
    /// left to fall back on.
    pub fn forget_all(&self) {
        self.epochs.stamping().forget_all();
        self.breaker.answered(self.watch.now());
    }

    /// As [`forget`](Self::forget), and replaces facts that were not stale by those that `renew`
    /// returns. `renew` is called for each secret of the token with cached facts; its second argument
    /// says whether these are [current](Renewal::Current). If they are not, renewed facts are
    /// [spare](Renewal::Spare) at most. Facts keep the age of their look-up.
    ///
    /// Returns the facts that have to be looked up again.
    pub fn renew(
        &self,
        token: TokenId,
        renew: impl Fn(&Credential, bool) -> Option<Renewal>,
    ) -> Vec<StaleFacts> {
        let stamping = self.epochs.stamping();
        let now = self.watch.now();
        let mut held = self.entries.of_token(token);
        held.retain(|(_, entry)| self.is_spare(entry, now));
        // Read before the change is recorded, which makes all of them stale.
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
                // Too old for a check, but usable while the source does not answer.
                let spare = || loaded.min(now.minus(self.settings.ttl));
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
    /// Looks facts up again before a check needs them, so that they are cached in an outage that
    /// follows. They keep their age, so facts that no check needs expire.
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
