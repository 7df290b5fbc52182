//! Making a token. The answer is the only place where its secret ever shows.

use countersign_domain::{
    Authorized, IdempotencyKey, IdempotentRequest, NewToken, NewTokenMaterial, Request, RequestId,
    Secret, StoredSecret, TokenId, TokenView, UserId, WriteTokens,
};

use super::Tokens;
use crate::{
    UseCaseError,
    ports::{CommitError, EntropyError, IdempotentResult},
};

/// A token with a secret that was just made: its first, or a new one.
#[derive(Debug)]
pub struct IssuedToken {
    /// The record.
    pub view: TokenView,
    /// The secret, shown this once.
    pub secret: Secret,
}

impl Tokens {
    /// Makes a token; under a key at most once a day and user.
    ///
    /// # Errors
    /// Refusals of the rules, too many changes, a taken name, a key that was used before, an actor that is gone, a store's fault.
    pub async fn create(
        &self,
        by: Authorized<WriteTokens>,
        request: RequestId,
        draft: &NewToken,
        once: Option<IdempotentRequest>,
    ) -> Result<IssuedToken, UseCaseError> {
        self.create_or_try(by, request, draft, once, false).await
    }

    /// Finds out whether [`Self::create`] would make the token. Nothing is stored, and a key stays
    /// unused.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn create_dry_run(
        &self,
        by: Authorized<WriteTokens>,
        request: RequestId,
        draft: &NewToken,
        once: Option<IdempotentRequest>,
    ) -> Result<(), UseCaseError> {
        let tried = self.create_or_try(by, request, draft, once, true).await;
        tried.map(drop)
    }

    async fn create_or_try(
        &self,
        by: Authorized<WriteTokens>,
        request: RequestId,
        draft: &NewToken,
        once: Option<IdempotentRequest>,
        dry_run: bool,
    ) -> Result<IssuedToken, UseCaseError> {
        let request = self.request(by.into_actor(), request);
        if let Some(once) = &once {
            let since = request.now.minus_seconds(IdempotencyKey::WINDOW_SECONDS);
            let (tenant, user) = (request.actor.tenant, request.actor.user);
            // Asked before the rules, which may by now refuse what they once allowed.
            if let Some(made) = self
                .store
                .find_by_idempotency_key(tenant, user, &once.key, since)
                .await?
            {
                return Err(repeated(once, made));
            }
        }
        let secret = self.new_secret()?;
        let view = self
            .create_with(&(&secret).into(), &request, draft, once, dry_run)
            .await?;
        Ok(IssuedToken { view, secret })
    }

    pub(crate) fn new_secret(&self) -> Result<Secret, EntropyError> {
        let mut random = [0; 32];
        self.entropy.fill(&mut random)?;
        Ok(Secret::with_prefix(&self.policy.token_prefix, &random))
    }

    /// Makes a token whose secret the caller has already, or of which it knows the digest alone.
    pub(crate) async fn create_with(
        &self,
        secret: &StoredSecret,
        request: &Request,
        draft: &NewToken,
        once: Option<IdempotentRequest>,
        dry_run: bool,
    ) -> Result<TokenView, UseCaseError> {
        let (mut token, mut user) = ([0; 10], [0; 10]);
        for buffer in [&mut token, &mut user] {
            self.entropy.fill(buffer)?;
        }
        let fresh = NewTokenMaterial {
            token: TokenId::new(request.now, &token),
            user: UserId::new(request.now, &user),
            secret,
            once: once.clone(),
        };
        let change = self.policy.create(request, draft, fresh)?;
        self.count(&request.actor, &change)?;
        match (self.commit_or_try(&change, dry_run).await, once) {
            (Ok(()), _) => Ok(TokenView::of_new(&change)),
            (Err(CommitError::AlreadyMade { token, fingerprint }), Some(once)) => {
                Err(repeated(&once, IdempotentResult { token, fingerprint }))
            }
            (Err(CommitError::NameTaken), _) => {
                Err(self.name_taken(&request.actor, &change.next().name).await)
            }
            (Err(error), _) => Err(error.into()),
        }
    }
}

fn repeated(once: &IdempotentRequest, made: IdempotentResult) -> UseCaseError {
    if once.fingerprint == made.fingerprint {
        UseCaseError::AlreadyMade { token: made.token }
    } else {
        UseCaseError::KeyReused
    }
}
