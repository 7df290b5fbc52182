//! Reading users.

use std::sync::Arc;

use countersign_domain::{Actor, UserId};

use crate::{
    Failure,
    ports::{User, UserStore},
};

/// The use cases of users.
#[derive(Clone)]
pub struct Users {
    store: Arc<dyn UserStore>,
}

impl Users {
    /// Use cases over a store.
    #[must_use]
    pub fn new(store: Arc<dyn UserStore>) -> Self {
        Self { store }
    }

    /// A user of the actor's tenant.
    ///
    /// # Errors
    /// [`Failure::UserNotFound`], or a store's fault.
    pub async fn get(&self, actor: &Actor, id: UserId) -> Result<User, Failure> {
        self.store
            .user(actor.tenant, id)
            .await?
            .ok_or(Failure::UserNotFound)
    }
}
