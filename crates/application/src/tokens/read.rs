//! Reading tokens and their history.

use countersign_domain::{
    Actor, Authorized, ReadTokens, SecretView, TokenId, TokenName, TokenView, UseOwnToken, Version,
};
use tokio::time::Instant;

use super::Tokens;
use crate::{
    UseCaseError,
    ports::{EventFilter, EventPlace, EventView, History},
    query::{Compare, Filter, Listed, Order, Page, PageRequest, TextField, TextTest},
};

impl Tokens {
    /// A live token of the actor's tenant.
    ///
    /// # Errors
    /// [`UseCaseError::TokenNotFound`], [`UseCaseError::Unreadable`], or a store's fault.
    pub async fn get(
        &self,
        by: &Authorized<ReadTokens>,
        id: TokenId,
    ) -> Result<TokenView, UseCaseError> {
        self.load(by.actor(), id).await
    }

    /// The record that a use case needs to judge, whether or not the actor may be shown it.
    pub(super) async fn load(&self, actor: &Actor, id: TokenId) -> Result<TokenView, UseCaseError> {
        let asked = Instant::now();
        let found = self.store.get(actor.tenant, id).await;
        let found = found.map_err(UseCaseError::of_token(actor.tenant, id))?;
        let view = found.ok_or(UseCaseError::TokenNotFound)?;
        self.recent.note(&view, asked);
        Ok(view)
    }

    /// The secrets of a token that work now, the newest first.
    ///
    /// # Errors
    /// [`UseCaseError::Unreadable`], or a store's fault.
    pub async fn secrets(
        &self,
        by: &Authorized<ReadTokens>,
        id: TokenId,
    ) -> Result<Vec<SecretView>, UseCaseError> {
        self.load_secrets(by.actor(), id).await
    }

    pub(super) async fn load_secrets(
        &self,
        actor: &Actor,
        id: TokenId,
    ) -> Result<Vec<SecretView>, UseCaseError> {
        let secrets = self.store.secrets(actor.tenant, id, self.clock.now()).await;
        secrets.map_err(UseCaseError::of_token(actor.tenant, id))
    }

    /// The actor's own token.
    ///
    /// # Errors
    /// [`UseCaseError::ActorGone`] if it was revoked meanwhile, [`UseCaseError::Unreadable`], or a
    /// store's fault.
    pub async fn current(&self, by: &Authorized<UseOwnToken>) -> Result<TokenView, UseCaseError> {
        let actor = by.actor();
        match self.load(actor, own_token(actor)?).await {
            Err(UseCaseError::TokenNotFound) => Err(UseCaseError::ActorGone),
            found => found,
        }
    }

    /// The secrets of the actor's own token that work now, the newest first.
    ///
    /// # Errors
    /// As [`Self::secrets`].
    pub async fn current_secrets(
        &self,
        by: &Authorized<UseOwnToken>,
    ) -> Result<Vec<SecretView>, UseCaseError> {
        let actor = by.actor();
        self.load_secrets(actor, own_token(actor)?).await
    }

    /// The refusal of a taken name. It names the token that has the name to an actor that may read
    /// tokens, so that a client that finds or creates a token can go on with that one.
    pub(super) async fn name_taken(&self, actor: &Actor, name: &TokenName) -> UseCaseError {
        if !actor.may::<ReadTokens>() {
            return UseCaseError::NameTaken { holder: None };
        }
        let filter = Filter::Text(TextField::Name, TextTest::Equals(name.key().to_owned()));
        let page = PageRequest {
            number: 0,
            size: 1,
            count_to: Some(0),
        };
        // The holder may be revoked or renamed by now; the refusal stands also without it.
        let found = self.store.query(actor.tenant, &filter, &[], page).await;
        let holder = found.ok().and_then(|mut page| page.content.pop());
        UseCaseError::NameTaken {
            holder: holder.map(Box::new),
        }
    }

    /// One page of the tokens that match.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn query(
        &self,
        by: &Authorized<ReadTokens>,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, UseCaseError> {
        let tenant = by.actor().tenant;
        Ok(self.store.query(tenant, filter, order, page).await?)
    }

    /// Up to `limit` tokens in the order of their ids, those behind `after`.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn list(
        &self,
        by: &Authorized<ReadTokens>,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, UseCaseError> {
        Ok(self.store.list(by.actor().tenant, after, limit).await?)
    }

    /// Up to `limit` revoked tokens in the order of their ids, those behind `after`.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn list_revoked(
        &self,
        by: &Authorized<ReadTokens>,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, UseCaseError> {
        let mut parts = vec![Filter::Revoked(true)];
        parts.extend(after.map(|id| Filter::Id(Compare::Gt(id))));
        let page = PageRequest {
            number: 0,
            size: limit,
            count_to: Some(0),
        };
        let found = self.query(by, &Filter::All(parts), &[], page).await?;
        Ok(Listed {
            content: found.content,
            unreadable: found.unreadable,
        })
    }

    /// One page of the history of the actor's tenant, the newest event first.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn history(
        &self,
        by: &Authorized<ReadTokens>,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, UseCaseError> {
        let tenant = by.actor().tenant;
        Ok(self.store.history(tenant, filter, before, limit).await?)
    }

    /// Up to `limit` events of a token, newest first, those older than version `before`; also after its end.
    /// Fewer if they are long, but at least one if there is any.
    ///
    /// # Errors
    /// [`UseCaseError::TokenNotFound`] where there never was such a token,
    /// [`UseCaseError::Unreadable`], or a store's fault.
    pub async fn events(
        &self,
        by: &Authorized<ReadTokens>,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, UseCaseError> {
        let tenant = by.actor().tenant;
        let events = self.store.events(tenant, token, before, limit).await;
        let events = events.map_err(UseCaseError::of_token(tenant, token))?;
        // Every token has an event of version 1: none at all means that there is no token, unless the reader is
        // already behind that one.
        if events.is_empty() && before.is_none_or(|version| version > Version::FIRST) {
            return Err(UseCaseError::TokenNotFound);
        }
        Ok(events)
    }
}

/// The token that an actor came with.
pub(super) fn own_token(actor: &Actor) -> Result<TokenId, UseCaseError> {
    actor.token.ok_or(UseCaseError::ActorGone)
}
