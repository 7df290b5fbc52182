//! Reads of users.

use std::sync::Arc;

use countersign_domain::{Authorized, ReadUsers, TenantId, UseOwnToken, UserId};

use crate::{
    UseCaseError,
    ports::{User, UserStore},
};

/// The use cases of users.
#[derive(Clone)]
pub struct Users {
    store: Arc<dyn UserStore>,
}

impl Users {
    /// Creates the use cases over a store.
    #[must_use]
    pub fn new(store: Arc<dyn UserStore>) -> Self {
        Self { store }
    }

    /// A user of the actor's tenant.
    ///
    /// # Errors
    /// Returns [`UseCaseError::UserNotFound`], or the store's error.
    pub async fn get(&self, by: &Authorized<ReadUsers>, id: UserId) -> Result<User, UseCaseError> {
        self.load(by.actor().tenant, id).await
    }

    /// The actor's own user.
    ///
    /// # Errors
    /// Returns [`UseCaseError::ActorGone`] if it does not exist any more, or the store's error.
    pub async fn current(&self, by: &Authorized<UseOwnToken>) -> Result<User, UseCaseError> {
        let actor = by.actor();
        match self.load(actor.tenant, actor.user).await {
            Err(UseCaseError::UserNotFound) => Err(UseCaseError::ActorGone),
            found => found,
        }
    }

    async fn load(&self, tenant: TenantId, id: UserId) -> Result<User, UseCaseError> {
        let found = self.store.user(tenant, id).await?;
        found.ok_or(UseCaseError::UserNotFound)
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::standard::USERS_READ;

    use super::*;
    use crate::{
        ports::{MockUserStore, UserKind},
        samples,
    };

    #[tokio::test]
    async fn found_absent_and_unanswered_are_told_apart() {
        let mut store = MockUserStore::new();
        let mut answers = vec![
            Err(samples::away()),
            Ok(None),
            Ok(Some(User {
                id: samples::user(1).id,
                tenant: samples::tenant_id(),
                name: "token 1".into(),
                kind: UserKind::ApiToken,
                enabled: true,
                created: samples::now(),
            })),
        ];
        store
            .expect_user()
            .withf(|tenant, _| *tenant == samples::tenant_id())
            .times(3)
            .returning(move |_, _| answers.pop().unwrap());
        let users = Users::new(Arc::new(store));
        let (by, id) = (samples::by(&[USERS_READ]), samples::user(1).id);
        assert_eq!(&*users.get(&by, id).await.unwrap().name, "token 1");
        assert!(matches!(
            users.get(&by, id).await,
            Err(UseCaseError::UserNotFound)
        ));
        assert!(matches!(
            users.get(&by, id).await,
            Err(UseCaseError::Store(_))
        ));
    }
}
