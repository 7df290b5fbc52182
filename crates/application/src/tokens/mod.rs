//! The use cases of tokens, one file each.

mod create;
mod descendants;
mod limits;
mod read;
mod recent_records;
mod retire;
mod revoke;
mod rotate;
mod update;

#[cfg(test)]
mod authorization_tests;
#[cfg(test)]
mod create_tests;
#[cfg(test)]
mod descendants_tests;
#[cfg(test)]
mod dry_run_tests;
#[cfg(test)]
mod known_record_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod name_taken_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod readmission_tests;
#[cfg(test)]
mod retire_tests;
#[cfg(test)]
mod revoke_tests;
#[cfg(test)]
mod rotate_tests;
#[cfg(test)]
mod update_tests;

use std::{num::NonZeroU32, sync::Arc};

use countersign_domain::{Actor, Change, Policy, Request, RequestId, SecretDigest, Write};

pub use self::{
    create::IssuedToken,
    descendants::{RevocationTerms, RevokedToken},
    update::UpdateResult,
};
use self::{limits::ChangeLimits, recent_records::RecentRecords};
use crate::ports::{Clock, CommitError, Entropy, Invalidator, StoreError, TokenStore};
use crate::{LimitReached, UseCaseError};

/// The use cases of tokens. Each takes the proof that its actor holds the permission of its
/// operation, so no caller can forget the check:
///
/// ```
/// use countersign_application::{Tokens, UseCaseError};
/// use countersign_domain::{Actor, TokenId, TokenView};
///
/// async fn read(tokens: &Tokens, by: Actor, id: TokenId) -> Result<TokenView, UseCaseError> {
///     tokens.get(&by.authorize()?, id).await
/// }
/// ```
///
/// An actor alone calls none of them:
///
/// ```compile_fail,E0308
/// use countersign_application::{Tokens, UseCaseError};
/// use countersign_domain::{Actor, TokenId, TokenView};
///
/// async fn read(tokens: &Tokens, by: Actor, id: TokenId) -> Result<TokenView, UseCaseError> {
///     tokens.get(&by, id).await
/// }
/// ```
///
/// Nor does the proof for another operation:
///
/// ```compile_fail,E0308
/// use countersign_application::{Tokens, UseCaseError};
/// use countersign_domain::{Authorized, RequestId, TokenId, WriteTokens};
///
/// async fn revoke(
///     tokens: &Tokens,
///     writer: Authorized<WriteTokens>,
///     (request, id): (RequestId, TokenId),
/// ) -> Result<(), UseCaseError> {
///     tokens.revoke(writer, request, id, None).await
/// }
/// ```
#[derive(Clone)]
pub struct Tokens {
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    invalidator: Arc<dyn Invalidator>,
    policy: Arc<Policy>,
    limits: Option<Arc<ChangeLimits>>,
    recent: Arc<RecentRecords>,
}

impl Tokens {
    /// Use cases over a store, under a policy.
    #[must_use]
    pub fn new(
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        invalidator: Arc<dyn Invalidator>,
        policy: Policy,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            invalidator,
            policy: Arc::new(policy),
            limits: None,
            recent: Arc::default(),
        }
    }

    /// With so many changes a minute for each acting token; clones count together. Without this there is no limit.
    #[must_use]
    pub fn with_change_limit(mut self, per_minute: NonZeroU32) -> Self {
        self.limits = Some(Arc::new(ChangeLimits::new(per_minute)));
        self
    }

    /// What the deployment decides about its tokens; its catalog among it.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Counts a change against the limits of its actor. A dry run counts like its change, because
    /// its answer says something of what is stored.
    fn count(&self, actor: &Actor, change: &Change) -> Result<(), LimitReached> {
        let limits = self.limits.as_deref();
        limits.map_or(Ok(()), |limits| limits.count(actor, change))
    }

    /// Counts an attempt that stores nothing, and from whose answer its actor learns something.
    fn count_attempt(&self, actor: &Actor) -> Result<(), LimitReached> {
        let limits = self.limits.as_deref();
        limits.map_or(Ok(()), |limits| limits.count_attempt(actor))
    }

    /// Stores a change. Whoever holds facts on this node hears of it before anybody is told that it is stored, and also
    /// where it may be.
    async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        let committed = self.store.commit(change).await;
        self.forget_changed(change, &committed);
        match &committed {
            Ok(()) => self.invalidator.stored(change),
            Err(CommitError::OutcomeUnknown(_)) => self.invalidator.in_doubt(change),
            Err(_) => {}
        }
        committed
    }

    /// Stores a change that counts, or with a dry run finds out whether the store would take it.
    async fn write(
        &self,
        actor: &Actor,
        change: &Change,
        dry_run: bool,
    ) -> Result<(), UseCaseError> {
        self.count(actor, change)?;
        Ok(self.commit_or_try(change, dry_run).await?)
    }

    /// If the actor's list of addresses is another one than the decision leant on, the new list
    /// decides.
    async fn commit_or_try(&self, change: &Change, dry_run: bool) -> Result<(), CommitError> {
        match self.commit_once(change, dry_run).await {
            Err(CommitError::ActorMoved) => match self.readmitted(change).await? {
                Some(change) => self.commit_once(&change, dry_run).await,
                None => Err(CommitError::ActorMoved),
            },
            outcome => outcome,
        }
    }

    async fn readmitted(&self, change: &Change) -> Result<Option<Change>, StoreError> {
        let authority = change.authority();
        let Some(token) = authority.token else {
            return Ok(None);
        };
        let actor = self.store.get(authority.tenant, token).await?;
        Ok(actor.and_then(|view| change.readmitted(&view.token.addresses)))
    }

    async fn commit_once(&self, change: &Change, dry_run: bool) -> Result<(), CommitError> {
        if dry_run {
            self.store.dry_run(change).await
        } else {
            self.commit(change).await
        }
    }

    /// Whether a live token has the secret of this digest.
    pub(crate) async fn has_secret(&self, digest: &SecretDigest) -> Result<bool, UseCaseError> {
        Ok(self.store.find(digest).await?.is_some())
    }

    /// Forgets records that a change, or its failure, made doubtful.
    fn forget_changed(&self, change: &Change, committed: &Result<(), CommitError>) {
        let (tenant, id, user) = (change.next().tenant, change.next().id, change.next().user);
        match committed {
            Err(CommitError::Fault(_) | CommitError::OutcomeUnknown(_)) => self.recent.forget_all(),
            _ => self.recent.forget((tenant, id)),
        }
        let renamed = matches!(
            change.write(),
            Write::Update {
                rename: Some(_),
                ..
            }
        );
        if renamed && committed.is_ok() {
            self.recent.forget_made_by(user);
        }
    }

    pub(crate) fn request(&self, actor: Actor, id: RequestId) -> Request {
        Request {
            actor,
            now: self.clock.now(),
            id,
        }
    }
}
