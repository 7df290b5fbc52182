//! Giving a token a new secret, shown once. The version keeps two rotations from both taking place.

use countersign_domain::{Authorized, Overlap, RequestId, RotateTokens, TokenId, Version};

use super::{IssuedToken, Tokens, update::stale};
use crate::UseCaseError;

impl Tokens {
    /// Gives a token of that version a new secret; the one before works until the overlap ends.
    ///
    /// # Errors
    /// Another token than the actor's own without the permission, not found, another version,
    /// refusals of the rules, too many changes, an actor that is gone, no entropy, a store's fault.
    pub async fn rotate(
        &self,
        by: &Authorized<RotateTokens>,
        request: RequestId,
        of: (TokenId, Version),
        overlap: Overlap,
    ) -> Result<IssuedToken, UseCaseError> {
        self.rotate_or_try(by, request, of, overlap, false).await
    }

    /// Finds out whether [`Self::rotate`] would give the token a new secret; nothing is stored.
    ///
    /// # Errors
    /// As [`Self::rotate`].
    pub async fn rotate_dry_run(
        &self,
        by: &Authorized<RotateTokens>,
        request: RequestId,
        of: (TokenId, Version),
        overlap: Overlap,
    ) -> Result<(), UseCaseError> {
        let tried = self.rotate_or_try(by, request, of, overlap, true).await;
        tried.map(drop)
    }

    async fn rotate_or_try(
        &self,
        by: &Authorized<RotateTokens>,
        request: RequestId,
        (id, expected): (TokenId, Version),
        overlap: Overlap,
        dry_run: bool,
    ) -> Result<IssuedToken, UseCaseError> {
        let actor = by.on(id)?;
        let view = self.load(actor, id).await?;
        if view.token.version != expected {
            return Err(stale(actor, view));
        }
        let request = self.request(actor.clone(), request);
        let secret = self.new_secret()?;
        let policy = &self.policy;
        let judge = |descent| policy.rotate(&request, &view, &secret, overlap, descent);
        let change = self.judged(&request.actor, id, judge).await?;
        match self.write(&request.actor, &change, dry_run).await {
            Ok(()) => Ok(IssuedToken {
                view: view.after(&change),
                secret,
            }),
            Err(UseCaseError::Stale { .. }) => Err(stale(actor, self.load(actor, id).await?)),
            Err(failure) => Err(failure),
        }
    }
}
