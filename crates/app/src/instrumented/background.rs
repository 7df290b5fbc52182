//! Instrumented ports that are mostly called beside the requests.

use async_trait::async_trait;
use countersign_application::ports::{
    ChangeBatch, ChangeFeed, Connections, FeedError, FeedPosition, StoreError, StoreHealth,
    StoreTime, TokenCounts, UsageRecord, UsageStore,
};
use countersign_domain::Timestamp;

use super::Instrumented;
use crate::writes;

#[async_trait]
impl StoreHealth for Instrumented<dyn StoreHealth> {
    async fn ping(&self) -> Result<(), StoreError> {
        self.watch.follow("ping", self.store.ping()).await
    }

    async fn token_counts(&self, now: Timestamp) -> Result<TokenCounts, StoreError> {
        self.watch.count(self.store.token_counts(now).await)
    }

    async fn expiring(&self, now: Timestamp, until: &[Timestamp]) -> Result<Vec<u64>, StoreError> {
        self.watch.count(self.store.expiring(now, until).await)
    }

    async fn time(&self) -> Result<StoreTime, StoreError> {
        self.watch.count(self.store.time().await)
    }

    /// Only the outcome counts.
    async fn try_write(&self, to_disk: bool) -> Result<bool, StoreError> {
        self.store.try_write(to_disk).await
    }

    async fn unsafe_settings(&self) -> Result<Vec<String>, StoreError> {
        self.watch.count(self.store.unsafe_settings().await)
    }

    fn connections(&self) -> Connections {
        self.store.connections()
    }
}

#[async_trait]
impl ChangeFeed for Instrumented<dyn ChangeFeed> {
    async fn position(&self) -> Result<FeedPosition, StoreError> {
        self.watch.count(self.store.position().await)
    }

    async fn since(&self, position: &FeedPosition, limit: u16) -> Result<ChangeBatch, FeedError> {
        self.watch.count(self.store.since(position, limit).await)
    }

    async fn wait_for_change(&self) {
        self.store.wait_for_change().await;
    }
}

#[async_trait]
impl UsageStore for Instrumented<dyn UsageStore> {
    async fn record(&self, uses: &[UsageRecord]) -> Result<(), StoreError> {
        let outcome = self.watch.count(self.store.record(uses).await);
        // So little data may find room on a disk on which a change does not.
        if let Err(fault) = &outcome {
            writes::note(&self.watch.writability, Err(fault));
        }
        outcome
    }
}
