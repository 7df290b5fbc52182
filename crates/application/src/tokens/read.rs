//! Reading tokens and their history.

use countersign_domain::{Actor, SecretView, TokenId, TokenName, TokenView, Version, standard};

use super::Tokens;
use crate::{
    Failure,
    ports::{EventFilter, EventPlace, EventView, History},
    query::{Compare, Filter, Listed, Order, Page, PageRequest, TextField, TextTest},
};

impl Tokens {
    /// A live token of the actor's tenant.
    ///
    /// # Errors
    /// [`Failure::TokenNotFound`], [`Failure::Unreadable`], or a store's fault.
    pub async fn get(&self, actor: &Actor, id: TokenId) -> Result<TokenView, Failure> {
        let found = self.store.get(actor.tenant, id).await;
        found
            .map_err(Failure::of_token(actor.tenant, id))?
            .ok_or(Failure::TokenNotFound)
    }

    /// The secrets of a token that work now, the newest first.
    ///
    /// # Errors
    /// [`Failure::Unreadable`], or a store's fault.
    pub async fn secrets(&self, actor: &Actor, id: TokenId) -> Result<Vec<SecretView>, Failure> {
        let secrets = self.store.secrets(actor.tenant, id, self.clock.now()).await;
        secrets.map_err(Failure::of_token(actor.tenant, id))
    }

    /// The actor's own token.
    ///
    /// # Errors
    /// [`Failure::ActorGone`] where it was revoked meanwhile, [`Failure::Unreadable`], or a store's fault.
    pub async fn current(&self, actor: &Actor) -> Result<TokenView, Failure> {
        let id = actor.token.ok_or(Failure::ActorGone)?;
        match self.get(actor, id).await {
            Err(Failure::TokenNotFound) => Err(Failure::ActorGone),
            found => found,
        }
    }

    /// The refusal of a taken name. It names the token that has the name to an actor that may read tokens,
    /// so that a client that finds or creates a token can go on with that one.
    pub(super) async fn name_taken(&self, actor: &Actor, name: &TokenName) -> Failure {
        if !actor.permissions.contains(&standard::API_TOKENS_READ) {
            return Failure::NameTaken { holder: None };
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
        Failure::NameTaken {
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
    ) -> Result<Page<TokenView>, Failure> {
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
    ) -> Result<Listed, Failure> {
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
    ) -> Result<Listed, Failure> {
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
    ) -> Result<History, Failure> {
        let history = self.store.history(actor.tenant, filter, before, limit);
        Ok(history.await?)
    }

    /// Up to `limit` events of a token, newest first, those older than version `before`; also after its end.
    /// Fewer if they are long, but at least one if there is any.
    ///
    /// # Errors
    /// [`Failure::TokenNotFound`] where there never was such a token, [`Failure::Unreadable`], or a
    /// store's fault.
    pub async fn events(
        &self,
        actor: &Actor,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, Failure> {
        let events = self
            .store
            .events(actor.tenant, token, before, limit)
            .await
            .map_err(Failure::of_token(actor.tenant, token))?;
        // Every token has an event of version 1: none at all means that there is no token, unless the reader is
        // already behind that one.
        if events.is_empty() && before.is_none_or(|version| version > Version::FIRST) {
            return Err(Failure::TokenNotFound);
        }
        Ok(events)
    }
}
