//! Taking back what a leaked token made: the token, and everything that it and its descendants made
//! or rotated since an instant. Each token is revoked by a change of its own, so whatever
//! interrupts the call leaves each of them live or revoked, and the call can be repeated.

use std::collections::BTreeSet;

use countersign_domain::{Actor, Authorized, DeleteTokens, RequestId, TokenId, Version};
use futures_util::future::join_all;

use super::Tokens;
use crate::{
    UseCaseError,
    ports::{Descendant, Descendants, Lineage, StoreError},
};

/// How many tokens one call revokes.
const MOST: u32 = 10_000;
/// How many of them are revoked at a time.
const AT_A_TIME: usize = 8;
/// How often one call looks for what was made meanwhile.
const LOOKS: u32 = 64;

/// What must hold for a lineage to be revoked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RevocationTerms {
    /// The version that the head must have; with it, the head must be live.
    pub version: Option<Version>,
    /// How many live tokens there must be, the head included; `None` for any number.
    pub count: Option<u64>,
    /// Lets an actor that belongs to the lineage revoke itself, as the last of all.
    pub allow_lockout: bool,
}

/// A token that was to be revoked, and whether somebody else had done so meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedToken {
    /// The token as it was before.
    pub token: Descendant,
    /// Whether this call revoked it.
    pub by_this_call: bool,
}

impl Tokens {
    /// The live tokens of a lineage, up to `limit` of them listed: what
    /// [`Self::revoke_descendants`] would revoke.
    ///
    /// # Errors
    /// [`UseCaseError::TokenNotFound`] if there never was such a token, or a store's fault.
    pub async fn descendants(
        &self,
        by: &Authorized<DeleteTokens>,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Descendants, UseCaseError> {
        let tenant = by.actor().tenant;
        let found = self.store.descendants(tenant, lineage, limit).await?;
        found.ok_or(UseCaseError::TokenNotFound)
    }

    /// What [`Self::revoke_descendants`] would revoke, up to `limit` of them listed; nothing is
    /// stored.
    ///
    /// # Errors
    /// As [`Self::revoke_descendants`] before anything is revoked, and [`UseCaseError::ActorGone`]
    /// or [`UseCaseError::ActorNarrowed`] if the actor could not revoke the first of them.
    pub async fn revoke_descendants_dry_run(
        &self,
        by: Authorized<DeleteTokens>,
        request: RequestId,
        lineage: Lineage,
        terms: RevocationTerms,
        limit: usize,
    ) -> Result<Descendants, UseCaseError> {
        let mut found = self.descendants(&by, lineage, MOST).await?;
        meets(&found, by.actor(), lineage, terms)?;
        if let Some(first) = found.tokens.first() {
            let version = terms.version.filter(|_| first.id == lineage.token);
            let request = self.request(by.into_actor(), request);
            let tried = self.revoke_or_try(&request, first.id, version, true);
            match tried.await {
                // Somebody else was quicker, which would keep nothing else from being revoked.
                Ok(()) | Err(UseCaseError::TokenNotFound) => {}
                Err(failure) => return Err(failure),
            }
        }
        found.tokens.truncate(limit);
        Ok(found)
    }

    /// Revokes the live tokens of a lineage, the head first; then what they made meanwhile, until
    /// nothing is left.
    ///
    /// # Errors
    /// Before anything is revoked: not found, another version, another number, an actor that would
    /// revoke itself, a store's fault. [`UseCaseError::Incomplete`] once something was, and
    /// [`UseCaseError::ActorGone`] at any time.
    pub async fn revoke_descendants(
        &self,
        by: Authorized<DeleteTokens>,
        request: RequestId,
        lineage: Lineage,
        terms: RevocationTerms,
    ) -> Result<Vec<RevokedToken>, UseCaseError> {
        let found = self.descendants(&by, lineage, MOST).await?;
        meets(&found, by.actor(), lineage, terms)?;
        let mut sweep = Sweep {
            tokens: self,
            by,
            request,
            revoked: Vec::new(),
            failed: BTreeSet::new(),
        };
        if let Some(head) = found.tokens.first().filter(|head| head.id == lineage.token)
            && sweep.by.actor().token != Some(head.id)
        {
            sweep
                .revoke(std::slice::from_ref(head), terms.version)
                .await?;
        }
        sweep.revoke_others(lineage).await?;
        sweep.revoke_actor(lineage, terms).await?;
        Ok(sweep.revoked)
    }
}

/// Whether a lineage is what the caller expects, before anything is written.
fn meets(
    found: &Descendants,
    actor: &Actor,
    lineage: Lineage,
    terms: RevocationTerms,
) -> Result<(), UseCaseError> {
    let head = found.tokens.first().filter(|head| head.id == lineage.token);
    if let Some(version) = terms.version {
        let head = head.ok_or(UseCaseError::TokenNotFound)?;
        if let Some(stored) = head.version.filter(|stored| *stored != version) {
            let current = None;
            return Err(UseCaseError::Stale { stored, current });
        }
    }
    if terms.count.is_some_and(|count| count != found.total) {
        return Err(UseCaseError::CountDiffers { count: found.total });
    }
    if !terms.allow_lockout && holds(found, actor) {
        return Err(UseCaseError::WouldRevokeActor);
    }
    Ok(())
}

fn holds(found: &Descendants, actor: &Actor) -> bool {
    found
        .tokens
        .iter()
        .any(|token| Some(token.id) == actor.token)
}

/// A revocation of many tokens, and how far it has come.
struct Sweep<'a> {
    tokens: &'a Tokens,
    by: Authorized<DeleteTokens>,
    request: RequestId,
    revoked: Vec<RevokedToken>,
    failed: BTreeSet<TokenId>,
}

impl Sweep<'_> {
    /// Revokes everything but the actor, again and again, until a look finds nothing that could be
    /// revoked. The newest go first: somebody who makes each token with the one before can only be
    /// overtaken at the end of that line.
    async fn revoke_others(&mut self, lineage: Lineage) -> Result<(), UseCaseError> {
        for _ in 0..LOOKS {
            let found = self.look(lineage).await?;
            let own = self.by.actor().token;
            let mut others = found.tokens;
            others.retain(|token| Some(token.id) != own && !self.failed.contains(&token.id));
            let left = (MOST as usize).saturating_sub(self.revoked.len());
            if others.is_empty() {
                return Ok(());
            }
            if left == 0 {
                break;
            }
            others.truncate(left);
            others.reverse();
            for some in others.chunks(AT_A_TIME) {
                self.revoke(some, None).await?;
            }
        }
        Err(self.incomplete(None))
    }

    /// Ends with the actor, if it belongs to the lineage, and looks once more at what it made at
    /// the last moment.
    async fn revoke_actor(
        &mut self,
        lineage: Lineage,
        terms: RevocationTerms,
    ) -> Result<(), UseCaseError> {
        let found = self.look(lineage).await?;
        let own = self.by.actor().token;
        let Some(token) = found.tokens.into_iter().find(|token| Some(token.id) == own) else {
            return self.finish(0);
        };
        if !terms.allow_lockout {
            return Err(self.incomplete(None));
        }
        self.revoke(&[token], None).await?;
        let found = self.look(lineage).await?;
        self.finish(found.total)
    }

    fn finish(&self, left: u64) -> Result<(), UseCaseError> {
        if left == 0 && self.failed.is_empty() {
            Ok(())
        } else {
            Err(self.incomplete(None))
        }
    }

    async fn look(&self, lineage: Lineage) -> Result<Descendants, UseCaseError> {
        let found = self.tokens.descendants(&self.by, lineage, MOST).await;
        found.map_err(|failure| self.incomplete(Some(failure)))
    }

    /// Revokes some at once. One that cannot be revoked does not keep the others from it, unless
    /// none could be.
    async fn revoke(
        &mut self,
        some: &[Descendant],
        version: Option<Version>,
    ) -> Result<(), UseCaseError> {
        let revocations = some.iter().map(|token| {
            let (by, request) = (self.by.clone(), self.request.clone());
            self.tokens.revoke(by, request, token.id, version)
        });
        let mut end = None;
        for (token, outcome) in some.iter().zip(join_all(revocations).await) {
            let by_this_call = match outcome {
                Ok(()) => true,
                Err(UseCaseError::TokenNotFound) => false,
                Err(failure) if ends_all(&failure) => {
                    end = Some(failure);
                    continue;
                }
                Err(_) if version.is_none() => {
                    self.failed.insert(token.id);
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let token = token.clone();
            self.revoked.push(RevokedToken {
                token,
                by_this_call,
            });
        }
        match end {
            None => Ok(()),
            Some(
                gone @ (UseCaseError::ActorGone
                | UseCaseError::ActorNarrowed
                | UseCaseError::ActorAway),
            ) => Err(gone),
            Some(failure) => Err(self.incomplete(Some(failure))),
        }
    }

    /// What the caller learns if not everything is revoked; before anything was, the failure
    /// itself.
    fn incomplete(&self, cause: Option<UseCaseError>) -> UseCaseError {
        let revoked = self
            .revoked
            .iter()
            .filter(|token| token.by_this_call)
            .count();
        match cause {
            Some(failure) if self.revoked.is_empty() => failure,
            cause => UseCaseError::Incomplete {
                revoked: revoked as u64,
                cause: cause.map(Box::new),
            },
        }
    }
}

/// Whether no further token could be revoked either.
fn ends_all(failure: &UseCaseError) -> bool {
    matches!(
        failure,
        UseCaseError::ActorGone
            | UseCaseError::ActorNarrowed
            | UseCaseError::ActorAway
            | UseCaseError::OutcomeUnknown(_)
            | UseCaseError::Store(StoreError::Unavailable(_))
    )
}
