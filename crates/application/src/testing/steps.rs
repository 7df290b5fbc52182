//! Steps of a test that a store takes: each stores what the rules decide, or reads.

use countersign_domain::{Actor, Change, NewToken, TokenId, TokenUpdate, TokenView};

use super::TestTenant;
use crate::{IssuedToken, ports::CommitError};

impl TestTenant {
    /// Makes a token of [that name](Self::draft), by the system.
    pub async fn make(&self, name: &str) -> IssuedToken {
        self.make_of(&self.draft(name)).await
    }

    /// Makes a token, by the system.
    pub async fn make_of(&self, draft: &NewToken) -> IssuedToken {
        self.make_by(self.system(), draft).await
    }

    /// Makes a token.
    pub async fn make_by(&self, actor: Actor, draft: &NewToken) -> IssuedToken {
        let (change, secret) = self.creation(actor, draft, None);
        self.commit(&change).await.unwrap();
        let view = TokenView::of_new(&change);
        IssuedToken { view, secret }
    }

    /// Changes a token, by the system; gives what must be read from now on.
    pub async fn update(&self, view: &TokenView, edit: &TokenUpdate) -> TokenView {
        self.update_by(self.system(), view, edit).await
    }

    /// Changes a token; gives what must be read from now on.
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
    /// The store's.
    pub async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        self.stores.tokens.commit(change).await
    }

    /// The token as it is read now.
    pub async fn get(&self, id: TokenId) -> Option<TokenView> {
        self.stores.tokens.get(self.tenant.id, id).await.unwrap()
    }
}
