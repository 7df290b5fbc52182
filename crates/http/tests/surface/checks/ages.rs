//! Cached facts of this node: a verdict has their age, from which the caller goes on counting.

use std::{sync::Arc, time::Duration};

use countersign_domain::Credential;
use countersign_gate::{
    Aged, CredentialSource, Gate, PresentedSecret, Proxies, SourceError, async_trait,
};
use countersign_http::{ApiService, Settings, StoreSource};
use serde_json::json;

use crate::world::{TOKENS, World, send, services};

/// Says of all facts that they are that old.
struct AgedSource(StoreSource, Duration);

#[async_trait]
impl CredentialSource for AgedSource {
    async fn find(
        &self,
        presented: &PresentedSecret,
    ) -> Result<Option<Arc<Credential>>, SourceError> {
        self.0.find(presented).await
    }

    async fn find_aged(&self, presented: &PresentedSecret) -> Result<Option<Aged>, SourceError> {
        let found = self.find(presented).await?;
        Ok(found.map(|credential| Aged {
            credential,
            age: self.1,
        }))
    }
}

#[tokio::test]
async fn a_verdict_tells_how_old_its_facts_are() {
    let world = World::new().await;
    let root = world.root.secret.expose();
    for (millis, told) in [(0, ""), (1, "1"), (1000, "1"), (59_001, "60")] {
        let stores = &world.stores;
        let mut parts = services(stores, stores.tokens.clone(), Proxies::default());
        let clock = stores.clock.clone();
        let store = StoreSource::new(stores.tokens.clone());
        let aged = AgedSource(store, Duration::from_millis(millis));
        parts.gate = Gate::new(Arc::new(aged), move || clock.now());
        let surface = ApiService::new(parts, Settings::default());
        let (known, unknown) = (json!({"token": root}), json!({"token": "csg_"}));
        for (body, told) in [
            (known.clone(), told),
            (json!([unknown, known]), told),
            (unknown, ""),
        ] {
            let ask = world.ask("POST", format!("{TOKENS}/verify")).json(&body);
            let reply = send(&surface, ask.0).await;
            reply.expect(200);
            assert_eq!(reply.header("age"), told, "{body}");
        }
    }
}
