//! Taking a token back.

use countersign_domain::{
    Authorized, DeleteTokens, Request, RequestId, TokenId, UseOwnToken, Version,
};

use super::{Tokens, read::own_token, update::stale};
use crate::{
    UseCaseError,
    ports::{CommitError, Descendant, Descendants, StoreError, Unreadable},
};

/// How often a revocation that names no version follows a record that others change meanwhile: often, because the
/// token itself may be the one that changes its record, to keep from being revoked.
pub(super) const PATIENCE: u8 = 128;

impl Tokens {
    /// Revokes a token, of that version where one is named. The id alone is enough: a token whose record
    /// cannot be read is revoked all the same.
    ///
    /// # Errors
    /// Not found, another version than the named one, an actor that is gone, a store's fault;
    /// [`UseCaseError::Unreadable`] if a version is named and the stored one cannot be read.
    pub async fn revoke(
        &self,
        by: Authorized<DeleteTokens>,
        request: RequestId,
        id: TokenId,
        expected: Option<Version>,
    ) -> Result<(), UseCaseError> {
        let request = self.request(by.into_actor(), request);
        self.revoke_or_try(&request, id, expected, false).await
    }

    /// Revokes the actor's own token, of that version if one is named.
    ///
    /// # Errors
    /// As [`Self::revoke`]; [`UseCaseError::ActorGone`] if somebody else revoked it meanwhile.
    pub async fn revoke_current(
        &self,
        by: Authorized<UseOwnToken>,
        request: RequestId,
        expected: Option<Version>,
    ) -> Result<(), UseCaseError> {
        let own = own_token(by.actor())?;
        let request = self.request(by.into_actor(), request);
        match self.revoke_or_try(&request, own, expected, false).await {
            Err(UseCaseError::TokenNotFound) => Err(UseCaseError::ActorGone),
            ended => ended,
        }
    }

    /// The token, if [`Self::revoke`] would revoke it; nothing is stored. Of a token whose record
    /// cannot be read, only the version is looked at.
    ///
    /// # Errors
    /// As [`Self::revoke`].
    pub async fn revoke_dry_run(
        &self,
        by: Authorized<DeleteTokens>,
        request: RequestId,
        id: TokenId,
        expected: Option<Version>,
    ) -> Result<Descendants, UseCaseError> {
        let request = self.request(by.into_actor(), request);
        self.revoke_or_try(&request, id, expected, true).await?;
        let view = self.load(&request.actor, id).await.ok();
        let token = view.map(|view| view.token);
        let itself = Descendant {
            id,
            origin: None,
            name: token.as_ref().map(|token| token.name.clone()),
            version: token.as_ref().map(|token| token.version),
            created: token.as_ref().map(|token| token.created),
        };
        Ok(Descendants {
            total: 1,
            tokens: vec![itself],
        })
    }

    pub(super) async fn revoke_or_try(
        &self,
        request: &Request,
        id: TokenId,
        expected: Option<Version>,
        dry_run: bool,
    ) -> Result<(), UseCaseError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let readable = self.revoke_readable(request, id, expected, dry_run);
            let committed = match readable.await {
                Err(UseCaseError::Unreadable(why)) => {
                    self.force(request, expected, why, dry_run).await?
                }
                outcome => outcome?,
            };
            match committed {
                Ok(()) => return Ok(()),
                Err(CommitError::Stale { .. }) if tries < PATIENCE => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn revoke_readable(
        &self,
        request: &Request,
        id: TokenId,
        expected: Option<Version>,
        dry_run: bool,
    ) -> Result<Result<(), CommitError>, UseCaseError> {
        let view = self.load(&request.actor, id).await?;
        if expected.is_some_and(|version| version != view.token.version) {
            return Err(stale(&request.actor, view));
        }
        let change = self.policy.revoke(request, &view);
        match self.commit_or_try(&change, dry_run).await {
            // The stored version is not the one that the history leads to.
            Err(CommitError::Fault(fault @ StoreError::Corrupt { .. })) => {
                Err(UseCaseError::of_token(request.actor.tenant, id)(fault))
            }
            committed => Ok(committed),
        }
    }

    async fn force(
        &self,
        request: &Request,
        expected: Option<Version>,
        why: Unreadable,
        dry_run: bool,
    ) -> Result<Result<(), CommitError>, UseCaseError> {
        let token = self.store.revocable(why.tenant, why.token).await?;
        let token = token.ok_or(UseCaseError::TokenNotFound)?;
        if let Some(expected) = expected {
            let stored = Version::try_from(token.version).map_err(|_| why)?;
            if stored != expected {
                let current = None;
                return Err(UseCaseError::Stale { stored, current });
            }
        }
        if dry_run {
            return Ok(Ok(()));
        }
        let revocation = self.policy.force_revocation(request, &token);
        let committed = self.store.force_revocation(&revocation).await;
        if matches!(committed, Ok(()) | Err(CommitError::OutcomeUnknown(_))) {
            self.invalidator.invalidate(why.token);
        }
        Ok(committed)
    }
}
