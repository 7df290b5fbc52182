//! Verification of histories for pages: one at a time on this node, off the threads that answer,
//! and from the point where a history was last found intact. A reader of many pages, or of a long
//! one, delays only other such readers.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use countersign_application::{Audit, UseCaseError};
use countersign_domain::{Authorized, BrokenChain, ChainVerifier, ReadTokens, TenantId, TokenId};
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking, time::timeout};

/// The time that a page waits for the verification of its history.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time for one history before the next one has its turn.
const TURN: Duration = Duration::from_millis(500);
/// The number of histories whose verified part is remembered: some kilobytes each, and their secrets.
const REMEMBERED: usize = 256;
/// The number of secrets that all remembered histories together may have, at some 150 bytes each.
const MOST_SECRETS: usize = 32_768;

/// The state of a history's verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainState {
    /// Verified to its end.
    Verified,
    /// Broken at this point.
    Broken(BrokenChain),
    /// Not yet verified to its end; the next view continues from here.
    Unfinished,
}

type Key = (TenantId, TokenId);

/// The verified parts of histories, and the queue of verifications.
pub(crate) struct ChainChecks {
    turn: Arc<Semaphore>,
    /// The most recently viewed one is at the end.
    intact: Arc<Mutex<VecDeque<(Key, ChainVerifier)>>>,
}

impl Default for ChainChecks {
    fn default() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            intact: Arc::default(),
        }
    }
}

impl ChainChecks {
    /// Verifies the new events of a token's history, as far as a page can wait for it.
    ///
    /// # Errors
    /// Returns the store's error.
    pub(crate) async fn verify(
        &self,
        audit: &Audit,
        by: &Authorized<ReadTokens>,
        token: TokenId,
    ) -> Result<ChainState, UseCaseError> {
        let verified = timeout(PATIENCE, async {
            let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else {
                return Ok(ChainState::Unfinished);
            };
            let work = Work {
                audit: audit.clone(),
                by: by.clone(),
                token,
                intact: Arc::clone(&self.intact),
            };
            let runtime = Handle::current();
            // It runs to the end of its turn, even if the page is abandoned.
            let done = spawn_blocking(move || {
                let outcome = runtime.block_on(work.run());
                drop(turn);
                outcome
            });
            done.await.unwrap_or(Ok(ChainState::Unfinished))
        });
        verified.await.unwrap_or(Ok(ChainState::Unfinished))
    }
}

/// One turn of a verification.
struct Work {
    audit: Audit,
    by: Authorized<ReadTokens>,
    token: TokenId,
    intact: Arc<Mutex<VecDeque<(Key, ChainVerifier)>>>,
}

impl Work {
    async fn run(&self) -> Result<ChainState, UseCaseError> {
        let end = Instant::now() + TURN;
        let (audit, by, token) = (&self.audit, &self.by, self.token);
        let mut verifier = self.take().unwrap_or_default();
        if !audit.stands(by, token, &verifier).await? {
            verifier = ChainVerifier::default();
        }
        let chain = loop {
            match audit.advance(by, token, &mut verifier).await? {
                Some(Ok(())) => break ChainState::Verified,
                // A broken history is verified again at each view, because it may have been
                // repaired.
                Some(Err(broken)) => return Ok(ChainState::Broken(broken)),
                None if Instant::now() >= end => break ChainState::Unfinished,
                None => {}
            }
        };
        self.keep(verifier);
        Ok(chain)
    }

    fn key(&self) -> Key {
        (self.by.actor().tenant, self.token)
    }

    fn take(&self) -> Option<ChainVerifier> {
        let mut intact = self.intact.lock().unwrap_or_else(PoisonError::into_inner);
        let index = intact.iter().position(|(key, _)| *key == self.key())?;
        intact.remove(index).map(|(_, verifier)| verifier)
    }

    fn keep(&self, verifier: ChainVerifier) {
        let mut intact = self.intact.lock().unwrap_or_else(PoisonError::into_inner);
        intact.push_back((self.key(), verifier));
        bound(&mut intact, |(_, verifier)| verifier.secrets());
    }
}

/// Forgets the histories that were viewed longest ago, until the others are few and small enough. The
/// last one is kept, because a long history is verified in several turns.
fn bound<T>(intact: &mut VecDeque<T>, secrets: impl Fn(&T) -> usize) {
    let mut all: usize = intact.iter().map(&secrets).sum();
    while intact.len() > REMEMBERED || all > MOST_SECRETS && intact.len() > 1 {
        let forgotten = intact.pop_front();
        all -= forgotten.as_ref().map_or(0, &secrets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_of_many_secrets_are_remembered_less_long() {
        let left = |sizes: &[usize]| {
            let mut intact: VecDeque<_> = sizes.iter().copied().collect();
            bound(&mut intact, |secrets| *secrets);
            intact.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(left(&[1; 300]), [1; REMEMBERED]);
        assert_eq!(left(&[MOST_SECRETS, 1, 2]), [1, 2]);
        assert_eq!(left(&[1, 2, MOST_SECRETS]), [MOST_SECRETS]);
        assert_eq!(left(&[1, 2, MOST_SECRETS - 2]), [2, MOST_SECRETS - 2]);
        let two_turns_long = MOST_SECRETS + 1;
        assert_eq!(left(&[1, two_turns_long]), [two_turns_long]);
    }
}
