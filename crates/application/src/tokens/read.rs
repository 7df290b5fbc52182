//! Reading tokens and their history.

use countersign_domain::{Actor, SecretView, TokenId, TokenName, TokenView, Version, standard};
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
    pub async fn get(&self, actor: &Actor, id: TokenId) -> Result<TokenView, UseCaseError> {
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
        actor: &Actor,
        id: TokenId,
    ) -> Result<Vec<SecretView>, UseCaseError> {
        let secrets = self.store.secrets(actor.tenant, id, self.clock.now()).await;
        secrets.map_err(UseCaseError::of_token(actor.tenant, id))
    }

    /// The actor's own token.
    ///
    /// # Errors
    /// [`UseCaseError::ActorGone`] where it was revoked meanwhile, [`UseCaseError::Unreadable`], or
    /// a store's fault.
    pub async fn current(&self, actor: &Actor) -> Result<TokenView, UseCaseError> {
        let id = actor.token.ok_or(UseCaseError::ActorGone)?;
        match self.get(actor, id).await {
            Err(UseCaseError::TokenNotFound) => Err(UseCaseError::ActorGone),
            found => found,
        }
    }

    /// The refusal of a taken name. It names the token that has the name to an actor that may read
    /// tokens, so that a client that finds or creates a token can go on with that one.
    pub(super) async fn name_taken(&self, actor: &Actor, name: &TokenName) -> UseCaseError {
        if !actor.permissions.contains(&standard::API_TOKENS_READ) {
            return UseCaseError::NameTaken { holder: None };
        }
        let filter = Filter::Text(TextField::Name, TextTest::Equals(name.key().to_owned()));
        let page = PageRequest {
            number: 0,
            size: 1,
            count_to: Some(0),
        };
        // The holder may be revoked or renamed by now; the refusal stands also without it.
        let found = self.query(actor, &filter, &[], page).await.ok();
        let holder = found.and_then(|mut page| page.content.pop());
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
        actor: &Actor,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, UseCaseError> {
        Ok(self.store.query(actor.tenant, filter, order, page).await?)
    }

    /// Up to `limit` tokens in the order of their ids, those behind `after`.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn list(
        &self,
        actor: &Actor,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, UseCaseError> {
        Ok(self.store.list(actor.tenant, after, limit).await?)
    }

    /// Up to `limit` revoked tokens in the order of their ids, those behind `after`.
    ///
    /// # Errors
    /// A store's fault.
    pub async fn list_revoked(
        &self,
        actor: &Actor,
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
        let found = self.query(actor, &Filter::All(parts), &[], page).await?;
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
        actor: &Actor,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, UseCaseError> {
        let history = self.store.history(actor.tenant, filter, before, limit);
        Ok(history.await?)
    }

    /// Up to `limit` events of a token, newest first, those older than version `before`; also after its end.
    /// Fewer if they are long, but at least one if there is any.
    ///
    /// # Errors
    /// [`UseCaseError::TokenNotFound`] where there never was such a token,
    /// [`UseCaseError::Unreadable`], or a store's fault.
    pub async fn events(
        &self,
        actor: &Actor,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, UseCaseError> {
        let events = self
            .store
            .events(actor.tenant, token, before, limit)
            .await
            .map_err(UseCaseError::of_token(actor.tenant, token))?;
        // Every token has an event of version 1: none at all means that there is no token, unless the reader is
        // already behind that one.
        if events.is_empty() && before.is_none_or(|version| version > Version::FIRST) {
            return Err(UseCaseError::TokenNotFound);
        }
        Ok(events)
    }
}
