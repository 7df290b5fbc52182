//! The facts that this node keeps of tokens that were checked lately, and how it comes to forget them.

use std::{fmt, sync::Arc};

use countersign_application::ports::Announcer;
use countersign_domain::TokenId;
use countersign_gate::CredentialSource;
use countersign_http::StoreSource;

use crate::numbers::Page;

/// For commands, on whose nodes nobody keeps facts.
pub(crate) struct Nobody;

impl Announcer for Nobody {
    fn changed(&self, _: TokenId) {}
}

/// What is known of tokens without asking the store.
pub(crate) struct Facts {
    source: Arc<dyn CredentialSource>,
}

impl Facts {
    pub(crate) fn new(store: StoreSource) -> Self {
        Self {
            source: Arc::new(store),
        }
    }

    pub(crate) fn source(&self) -> Arc<dyn CredentialSource> {
        self.source.clone()
    }

    pub(crate) fn forget(&self, token: TokenId) {
        let _ = token;
    }

    pub(crate) fn forget_all(&self) {}

    pub(crate) fn heard(&self) {}

    /// Shows how the memory fares.
    pub(crate) fn encode(&self, page: &mut Page<'_>) -> fmt::Result {
        let _ = page;
        Ok(())
    }
}

impl Announcer for Facts {
    fn changed(&self, token: TokenId) {
        self.forget(token);
    }
}
