//! Ending one secret of a token, while the token goes on.

use countersign_domain::{
    Authorized, Change, EndTokens, ReadTokens, Request, RequestId, RetireSecrets, RuleViolations,
    SecretChoice, SecretDigest, SecretView, TokenId, TokenView, Version,
};

use super::{Tokens, revoke::PATIENCE, update::stale};
use crate::{UseCaseError, ports::CommitError};

impl Tokens {
    /// Ends a replaced secret before its overlap is over; of the token's version where one is
    /// named. Returns the version since. An actor that may not read the token and names the secret
    /// by its last characters is counted against the limits of changes.
    ///
    /// # Errors
    /// Not found, another version than the named one, the newest secret, another token than the
    /// actor's own without the permission, too many attempts, an actor that is gone, a store's fault.
    pub async fn retire(
        &self,
        by: &Authorized<RetireSecrets>,
        request: RequestId,
        (id, expected): (TokenId, Option<Version>),
        choice: &SecretChoice,
    ) -> Result<Version, UseCaseError> {
        let actor = by.on(id)?;
        let reads = actor.token == Some(id) || actor.may::<ReadTokens>();
        if !reads && !matches!(choice, SecretChoice::Commitment(_)) {
            // Four characters can be guessed.
            self.count_attempt(actor)?;
        }
        let request = self.request(actor.clone(), request);
        let policy = &self.policy;
        let decide = |view: &TokenView, secrets: &[SecretView]| {
            policy.retire(&request, view, secrets, choice)
        };
        self.end(&request, (id, expected), decide).await
    }

    /// Ends a secret for good: a replaced one alone, and with the newest its whole token. Which of
    /// the two it is the store decides, because facts that are held may be older than a rotation.
    ///
    /// # Errors
    /// Not found, another token than the actor's own without the permission, an actor that is gone,
    /// a store's fault.
    pub async fn end_secret(
        &self,
        by: &Authorized<EndTokens>,
        request: RequestId,
        id: TokenId,
        digest: &SecretDigest,
    ) -> Result<(), UseCaseError> {
        let request = self.request(by.on(id)?.clone(), request);
        let choice = SecretChoice::Commitment(digest.commitment());
        let policy = &self.policy;
        let decide = |view: &TokenView, secrets: &[SecretView]| {
            Ok(policy.end_secret(&request, view, secrets, &choice))
        };
        match self.end(&request, (id, None), decide).await {
            Err(UseCaseError::Unreadable(why)) => {
                let secrets = self.load_secrets(&request.actor, id).await?;
                let newest = secrets.iter().find(|secret| secret.valid_until.is_none());
                if newest.is_none_or(|newest| newest.digest != Some(*digest)) {
                    return Err(why.into());
                }
                self.revoke_or_try(&request, id, None, false).await
            }
            ended => ended.map(drop),
        }
    }

    /// Commits what is decided about the secrets that work, as often as somebody else comes first.
    /// The change is not counted against limits: what ends is not ended again.
    async fn end(
        &self,
        request: &Request,
        (id, expected): (TokenId, Option<Version>),
        decide: impl Fn(&TokenView, &[SecretView]) -> Result<Option<Change>, RuleViolations>
        + Send
        + Sync,
    ) -> Result<Version, UseCaseError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let view = self.load(&request.actor, id).await?;
            if expected.is_some_and(|version| version != view.token.version) {
                return Err(stale(&request.actor, view));
            }
            let secrets = self.load_secrets(&request.actor, id).await?;
            let change = decide(&view, &secrets)?.ok_or(UseCaseError::SecretNotFound)?;
            match self.commit_or_try(&change, false).await {
                Ok(()) => return Ok(change.next().version),
                Err(CommitError::Stale { .. }) if tries < PATIENCE => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
