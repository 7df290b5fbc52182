//! Buffer of the last uses of secrets, so that a use costs no write: the latest use of each secret
//! is kept in memory and stored in batches. A check never waits for it, and a crash loses at most
//! one interval.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use countersign_application::{
    error_chain,
    ports::{UsageRecord, UsageStore},
};
use countersign_domain::{Grant, SecretDigest, Timestamp};
use countersign_gate::UsageObserver;
use tokio::{sync::Notify, time::sleep};

/// The number of parts of the buffer, so that checks on several cores seldom meet.
const PARTS: usize = 32;

/// The number of uses in a part at which they are stored early.
const FULL: usize = 2_000;

/// The maximum number of uses in a part while the store is away: further secrets are then not
/// recorded.
const MOST: usize = 20_000;

/// The number of uses in one write.
const BATCH: usize = 1_000;

/// The uses that are not stored yet.
pub(crate) struct UsageBuffer {
    parts: [Mutex<HashMap<SecretDigest, UsageRecord>>; PARTS],
    full: Notify,
    /// Held during a write, so that the last write of all waits for the one before.
    writing: tokio::sync::Mutex<()>,
}

impl Default for UsageBuffer {
    fn default() -> Self {
        Self {
            parts: std::array::from_fn(|_| Mutex::default()),
            full: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }
    }
}

impl UsageObserver for UsageBuffer {
    fn admitted(&self, digest: &SecretDigest, grant: &Grant, at: Timestamp) {
        let held = self.keep(UsageRecord {
            digest: *digest,
            tenant: grant.credential.tenant,
            token: grant.credential.token,
            at,
            address: grant.address,
        });
        if held == FULL {
            self.full.notify_one();
        }
    }
}

impl UsageBuffer {
    /// Keeps the use, unless a later one of the secret is known; returns the size of its part if
    /// that grew.
    fn keep(&self, used: UsageRecord) -> usize {
        let mut part = self.part(&used.digest);
        if let Some(known) = part.get_mut(&used.digest) {
            if known.at < used.at {
                *known = used;
            }
            return 0;
        }
        if part.len() >= MOST {
            return 0;
        }
        part.insert(used.digest, used);
        part.len()
    }

    fn part(&self, digest: &SecretDigest) -> MutexGuard<'_, HashMap<SecretDigest, UsageRecord>> {
        // A digest is as good as random.
        let place = usize::from(digest.as_bytes()[0]) % PARTS;
        self.parts[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<UsageRecord> {
        let parts = self.parts.iter();
        parts
            .flat_map(|part| {
                std::mem::take(&mut *part.lock().unwrap_or_else(PoisonError::into_inner))
            })
            .map(|(_, used)| used)
            .collect()
    }

    /// Stores the buffered uses. Uses that cannot be stored are kept for the next time.
    pub(crate) async fn write(&self, store: &dyn UsageStore) {
        let _turn = self.writing.lock().await;
        let uses = self.take();
        for (index, batch) in uses.chunks(BATCH).enumerate() {
            if let Err(fault) = store.record(batch).await {
                let error = error_chain(&fault);
                tracing::warn!(error, "uses of tokens could not be written; they are kept");
                for used in &uses[index * BATCH..] {
                    self.keep(*used);
                }
                return;
            }
        }
    }

    /// Stores at each interval, and earlier if there are many uses; for ever.
    pub(crate) async fn write_often(
        self: Arc<Self>,
        store: Arc<dyn UsageStore>,
        interval: Duration,
    ) {
        loop {
            tokio::select! {
                () = sleep(interval) => {}
                () = self.full.notified() => {}
            }
            self.write(&*store).await;
        }
    }
}

#[cfg(test)]
#[path = "usage_buffer_tests.rs"]
mod tests;
