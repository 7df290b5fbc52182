//! The ports: what the use cases need from outside. Each is object-safe; a store implements all of
//! them, and passes the contract suite of the feature `testing`.

mod clock;
mod descent;
mod error;
mod feed;
mod history;
mod records;
mod session;
mod shared;
mod store;
mod usage;

pub use clock::{Clock, Entropy, EntropyError, StoreTime};
pub use descent::{Descendant, Descendants, Lineage, Origin};
pub use error::{CommitError, MigrationFault, StoreError, TenantError, Unreadable};
pub use feed::{
    ChangeBatch, ChangeFeed, FEED_CHANGES_BYTES, FeedError, FeedPosition, InvalidPosition,
    Invalidator, TokenChanged,
};
pub use history::{EventFilter, EventPlace, HISTORY_STEP, History, HistoryRow, TenantEvent};
pub use records::{EventView, IdempotentResult, Stray, Tenant, User, UserKind};
pub use session::{FORGOTTEN_AT_ONCE, SESSIONS_PER_TOKEN, Session, SessionDigest, SessionStore};
pub use shared::SharedError;
pub use store::{
    AuditStore, EVENT_BYTES, MOST_EXPIRING, StoreHealth, TenantStore, TokenStore, UserStore,
};
pub use usage::{Connections, TokenCounts, UsageRecord, UsageStore};

#[cfg(any(test, feature = "testing"))]
pub use {
    clock::{MockClock, MockEntropy},
    feed::{MockChangeFeed, MockInvalidator},
    session::MockSessionStore,
    store::{MockAuditStore, MockStoreHealth, MockTenantStore, MockTokenStore, MockUserStore},
    usage::MockUsageStore,
};
