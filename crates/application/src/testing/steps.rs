//! Steps of a test on a store: each stores what the rules decide, or reads.

use countersign_domain::{Actor, Change, NewToken, TokenId, TokenUpdate, TokenView};

use super::TestTenant;
use crate::{IssuedToken, ports::CommitError};

impl TestTenant {
    /// Creates a token of [that name](Self::draft), by the system.
    pub async fn make(&self, name: &str) -> IssuedToken {
        self.make_of(&self.draft(name)).await
    }

    /// Creates a token, by the system.
    pub async fn make_of(&self, draft: &NewToken) -> IssuedToken {
        self.make_by(self.system(), draft).await
    }

    /// Creates a token.
    pub async fn make_by(&self, actor: Actor, draft: &NewToken) -> IssuedToken {
        let (change, secret) = self.creation(actor, draft, None);
        self.commit(&change).await.unwrap();
        let view = TokenView::of_new(&change);
        IssuedToken { view, secret }
    }

    /// Updates a token, by the system; returns the token after it.
    pub async fn update(&self, view: &TokenView, edit: &TokenUpdate) -> TokenView {
        self.update_by(self.system(), view, edit).await
    }

    /// Updates a token; returns the token after it.
    pub async fn update_by(&self, actor: Actor, view: &TokenView, edit: &TokenUpdate) -> TokenView {
        let change = self.edit(actor, view, edit);
        self.commit(&change).await.unwrap();
        view.after(&change)
    }

    /// Revokes a token, by the system.
    pub async fn revoke(&self, view: &TokenView) {
        let change = self.revocation(self.system(), view);
        self.commit(&change).await.unwrap();
    }

    /// Commits a change.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        self.stores.tokens.commit(change).await
    }

    /// The current token.
    pub async fn get(&self, id: TokenId) -> Option<TokenView> {
        self.stores.tokens.get(self.tenant.id, id).await.unwrap()
    }
}
