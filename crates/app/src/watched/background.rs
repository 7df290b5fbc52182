//! What mostly goes on beside the requests.

use async_trait::async_trait;
use countersign_application::ports::{
    Census, ChangeFeed, Connections, FeedFault, FeedPosition, News, Probe, StoreFault, StoreTime,
    UsageStore, Used,
};
use countersign_domain::Timestamp;

use super::Watched;
use crate::writes;

#[async_trait]
impl Probe for Watched<dyn Probe> {
    async fn ping(&self) -> Result<(), StoreFault> {
        self.watch.follow("ping", self.store.ping()).await
    }

    async fn census(&self, now: Timestamp) -> Result<Census, StoreFault> {
        self.watch.count(self.store.census(now).await)
    }

    async fn expiring(&self, now: Timestamp, until: &[Timestamp]) -> Result<Vec<u64>, StoreFault> {
        self.watch.count(self.store.expiring(now, until).await)
    }

    async fn time(&self) -> Result<StoreTime, StoreFault> {
        self.watch.count(self.store.time().await)
    }

    /// Of which only the outcome counts.
    async fn try_write(&self, to_disk: bool) -> Result<bool, StoreFault> {
        self.store.try_write(to_disk).await
    }

    async fn careless_settings(&self) -> Result<Vec<String>, StoreFault> {
        self.watch.count(self.store.careless_settings().await)
    }

    fn connections(&self) -> Connections {
        self.store.connections()
    }
}

#[async_trait]
impl ChangeFeed for Watched<dyn ChangeFeed> {
    async fn position(&self) -> Result<FeedPosition, StoreFault> {
        self.watch.count(self.store.position().await)
    }

    async fn since(&self, position: &FeedPosition, limit: u16) -> Result<News, FeedFault> {
        self.watch.count(self.store.since(position, limit).await)
    }

    async fn woken(&self) {
        self.store.woken().await;
    }
}

#[async_trait]
impl UsageStore for Watched<dyn UsageStore> {
    async fn record(&self, uses: &[Used]) -> Result<(), StoreFault> {
        let outcome = self.watch.count(self.store.record(uses).await);
        // So little may find room where a change does not.
        if let Err(fault) = &outcome {
            writes::note(&self.watch.writability, Err(fault));
        }
        outcome
    }
}
