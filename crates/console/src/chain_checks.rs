//! Verifying histories for pages: one at a time on this node, off the threads that answer, and from where a history was
//! last found intact. A reader who looks at many pages, or at a long one, holds up nobody but other such readers.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use countersign_application::{Audit, UseCaseError};
use countersign_domain::{Actor, BrokenChain, ChainVerifier, TenantId, TokenId};
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking, time::timeout};

/// How long a page waits for its history to be verified.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long one history may be worked at before the next one has its turn.
const TURN: Duration = Duration::from_millis(500);
/// Of how many histories it is known how far they are intact: some kilobytes each, at most.
const REMEMBERED: usize = 256;

/// How far a history was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainState {
    /// To its end.
    Verified,
    /// To what is wrong with it.
    Broken(BrokenChain),
    /// Not to its end yet; the next look goes on from there.
    Unfinished,
}

type Key = (TenantId, TokenId);

/// Where histories were last found intact, and whose turn it is.
pub(crate) struct ChainChecks {
    turn: Arc<Semaphore>,
    /// The one that was looked at last is at the end.
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
    /// Verifies what is new in a token's history, as far as a page can wait for it.
    ///
    /// # Errors
    /// A store's fault.
    pub(crate) async fn verify(
        &self,
        audit: &Audit,
        actor: &Actor,
        token: TokenId,
    ) -> Result<ChainState, UseCaseError> {
        let verified = timeout(PATIENCE, async {
            let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else {
                return Ok(ChainState::Unfinished);
            };
            let work = Work {
                audit: audit.clone(),
                actor: actor.clone(),
                token,
                intact: Arc::clone(&self.intact),
            };
            let runtime = Handle::current();
            // It goes on to the end of its turn, though the page be given up.
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

/// One turn.
struct Work {
    audit: Audit,
    actor: Actor,
    token: TokenId,
    intact: Arc<Mutex<VecDeque<(Key, ChainVerifier)>>>,
}

impl Work {
    async fn run(&self) -> Result<ChainState, UseCaseError> {
        let end = Instant::now() + TURN;
        let (audit, actor, token) = (&self.audit, &self.actor, self.token);
        let mut verifier = self.take().unwrap_or_default();
        if !audit.stands(actor, token, &verifier).await? {
            verifier = ChainVerifier::default();
        }
        let chain = loop {
            match audit.advance(actor, token, &mut verifier).await? {
                Some(Ok(())) => break ChainState::Verified,
                // What is broken is verified anew at each look, as it may be mended.
                Some(Err(broken)) => return Ok(ChainState::Broken(broken)),
                None if Instant::now() >= end => break ChainState::Unfinished,
                None => {}
            }
        };
        self.keep(verifier);
        Ok(chain)
    }

    fn key(&self) -> Key {
        (self.actor.tenant, self.token)
    }

    fn take(&self) -> Option<ChainVerifier> {
        let mut intact = self.intact.lock().unwrap_or_else(PoisonError::into_inner);
        let index = intact.iter().position(|(key, _)| *key == self.key())?;
        intact.remove(index).map(|(_, verifier)| verifier)
    }

    fn keep(&self, verifier: ChainVerifier) {
        let mut intact = self.intact.lock().unwrap_or_else(PoisonError::into_inner);
        if intact.len() >= REMEMBERED {
            intact.pop_front();
        }
        intact.push_back((self.key(), verifier));
    }
}
