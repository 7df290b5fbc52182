//! The call at the heart of the service: changing a token, or seeing what a change would come to.

use countersign_domain::{
    Actor, Authorized, Changes, Descent, Operation, PermissionSet, Request, RequestId,
    RuleViolations, TokenId, TokenUpdate, TokenView, UpdateOutcome, Version, WriteTokens,
};
use tokio::time::Instant;

use super::Tokens;
use crate::{
    UseCaseError,
    ports::{CommitError, Unreadable},
};

/// A record, and what the rules make of it.
type Judged = (TokenView, Result<UpdateOutcome, RuleViolations>);

/// What became of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateResult {
    /// The record as it is now, or as it would be.
    pub view: TokenView,
    /// What changed, or would change.
    pub changes: Changes,
}

impl Tokens {
    /// Changes a token of that version; with `dry_run` the rules and the store decide and nothing
    /// is stored.
    ///
    /// # Errors
    /// Not found, another version, refusals of the rules, too many changes, a taken name, an actor that is gone, a store's fault.
    pub async fn update(
        &self,
        by: Authorized<WriteTokens>,
        request: RequestId,
        (id, expected): (TokenId, Version),
        edit: &TokenUpdate,
        dry_run: bool,
    ) -> Result<UpdateResult, UseCaseError> {
        let mut request = self.request(by.into_actor(), request);
        let known = self.judge_known(&request, (id, expected), edit);
        let (view, judged) = match known.filter(|_| !dry_run) {
            Some(judged) => judged,
            None => {
                self.judge_stored(&mut request, (id, expected), edit)
                    .await?
            }
        };
        let judge = |descent| self.policy.update(&request, &view, edit, descent);
        match &judged {
            Ok(UpdateOutcome::Changed(change)) => self.count(&request.actor, change)?,
            // What differs, and why it is refused, says something of the record to those who may
            // not read it: they could ask until they know it.
            _ if dry_run || !request.actor.may_read(&view.token) => {
                self.count_attempt(&request.actor)?;
            }
            _ => {}
        }
        let mut outcome = judged?;
        let mut stored = self.store_update(&outcome, dry_run).await;
        if matches!(stored, Err(CommitError::MayBeAncestor)) {
            outcome = self.judged(&request.actor, id, judge).await?;
            stored = self.store_update(&outcome, dry_run).await;
        }
        match (stored, outcome) {
            (Ok(()), outcome) => {
                let result = updated(&view, outcome);
                if !dry_run {
                    self.recent.note(&result.view, Instant::now());
                }
                Ok(result)
            }
            (Err(CommitError::Stale { .. }), _) => {
                Err(stale(&request.actor, self.load(&request.actor, id).await?))
            }
            (Err(CommitError::NameTaken), UpdateOutcome::Changed(change)) => {
                Err(self.name_taken(&request.actor, &change.next().name).await)
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// What the rules make of the record if that version of it was read or written a moment ago: a
    /// change, whose commit finds out whether another one came first. All else has to be looked at:
    /// a refusal, or that there is nothing to change, is an answer about what is stored.
    fn judge_known(
        &self,
        request: &Request,
        (id, expected): (TokenId, Version),
        edit: &TokenUpdate,
    ) -> Option<Judged> {
        let key = (request.actor.tenant, id);
        let view = self.recent.find(key, expected, Instant::now())?;
        let judged = self.judge_edit(request, &view, edit);
        matches!(judged, Ok(UpdateOutcome::Changed(_))).then_some((view, judged))
    }

    /// What the rules make of the record as it is stored, at the time when it was read.
    async fn judge_stored(
        &self,
        request: &mut Request,
        (id, expected): (TokenId, Version),
        edit: &TokenUpdate,
    ) -> Result<Judged, UseCaseError> {
        let view = self.load(&request.actor, id).await?;
        if view.token.version != expected {
            return Err(stale(&request.actor, view));
        }
        request.now = self.clock.now();
        let judged = self.judge_edit(request, &view, edit);
        Ok((view, judged))
    }

    /// What the rules decide without the history: if only descent could speak against an edit, the
    /// commit judges that.
    fn judge_edit(
        &self,
        request: &Request,
        view: &TokenView,
        edit: &TokenUpdate,
    ) -> Result<UpdateOutcome, RuleViolations> {
        let judge = |descent| self.policy.update(request, view, edit, descent);
        match judge(Descent::Descendant) {
            Err(refused) if refused.depends_on_descent() => judge(Descent::JudgedByCommit),
            decided => decided,
        }
    }

    /// The permissions of a token: an adapter bounds the size of an update by them.
    ///
    /// # Errors
    /// [`UseCaseError::TokenNotFound`], [`UseCaseError::Unreadable`], or a store's fault.
    pub async fn permissions_of(
        &self,
        by: &Authorized<WriteTokens>,
        id: TokenId,
    ) -> Result<PermissionSet, UseCaseError> {
        let view = self.load(by.actor(), id).await?;
        Ok(view.token.permissions)
    }

    async fn store_update(
        &self,
        outcome: &UpdateOutcome,
        dry_run: bool,
    ) -> Result<(), CommitError> {
        match outcome {
            UpdateOutcome::Unchanged => Ok(()),
            UpdateOutcome::Changed(change) => self.commit_or_try(change, dry_run).await,
        }
    }
}

/// The record after an edit.
fn updated(view: &TokenView, outcome: UpdateOutcome) -> UpdateResult {
    match outcome {
        UpdateOutcome::Unchanged => UpdateResult {
            view: view.clone(),
            changes: Changes::default(),
        },
        UpdateOutcome::Changed(change) => UpdateResult {
            view: view.after(&change),
            changes: change.event().content.changes.clone(),
        },
    }
}

impl Tokens {
    /// What the rules decide about a change of a token by an actor. They are asked as if the actor's token descended from
    /// the changed one, and the history is read only if that alone would make a difference: an ordinary change costs no
    /// read.
    ///
    /// # Errors
    /// Refusals of the rules, a store's fault.
    pub(super) async fn judged<T>(
        &self,
        actor: &Actor,
        changed: TokenId,
        judge: impl Fn(Descent) -> Result<T, RuleViolations> + Send + Sync,
    ) -> Result<T, UseCaseError> {
        let refused = match judge(Descent::Descendant) {
            Ok(decided) => return Ok(decided),
            Err(refused) => refused,
        };
        match actor.token.filter(|_| refused.depends_on_descent()) {
            Some(own) if !self.store.descends(actor.tenant, own, changed).await? => {
                Ok(judge(Descent::Apart)?)
            }
            _ => Err(refused.into()),
        }
    }

    /// The stored version, if a precondition holds for it (RFC 9110, section 13.1.1).
    ///
    /// # Errors
    /// Another token than the actor's own without the permission, not found, a version for which it
    /// does not hold, a version that cannot be read, a store's fault.
    pub async fn version_where<O: Operation>(
        &self,
        by: &Authorized<O>,
        id: TokenId,
        holds: impl Fn(Version) -> bool + Send,
    ) -> Result<Version, UseCaseError> {
        let actor = by.on(id)?;
        let view = match self.load(actor, id).await {
            // Revoking needs no more of the record than its version.
            Err(UseCaseError::Unreadable(why)) => return self.unreadable_version(why, holds).await,
            found => found?,
        };
        if holds(view.token.version) {
            Ok(view.token.version)
        } else {
            Err(stale(actor, view))
        }
    }

    async fn unreadable_version(
        &self,
        why: Unreadable,
        holds: impl Fn(Version) -> bool + Send,
    ) -> Result<Version, UseCaseError> {
        let token = self.store.revocable(why.tenant, why.token).await?;
        let token = token.ok_or(UseCaseError::TokenNotFound)?;
        let stored = Version::try_from(token.version).map_err(|_| why)?;
        if holds(stored) {
            Ok(stored)
        } else {
            let current = None;
            Err(UseCaseError::Stale { stored, current })
        }
    }
}

/// What the loser of a race is told: which version stands now, and the record where it may read it.
pub(super) fn stale(actor: &Actor, view: TokenView) -> UseCaseError {
    let stored = view.token.version;
    let current = actor.may_read(&view.token).then(|| Box::new(view));
    UseCaseError::Stale { stored, current }
}
