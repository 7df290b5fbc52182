//! Reads of users.

use std::sync::Arc;

use countersign_domain::{Actor, UserId};

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
    pub async fn get(&self, actor: &Actor, id: UserId) -> Result<User, UseCaseError> {
        self.store
            .user(actor.tenant, id)
            .await?
            .ok_or(UseCaseError::UserNotFound)
    }
}

#[cfg(test)]
mod tests {
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
        let (actor, id) = (samples::actor(&[]), samples::user(1).id);
        assert_eq!(&*users.get(&actor, id).await.unwrap().name, "token 1");
        assert!(matches!(
            users.get(&actor, id).await,
            Err(UseCaseError::UserNotFound)
        ));
        assert!(matches!(
            users.get(&actor, id).await,
            Err(UseCaseError::Store(_))
        ));
    }
}
