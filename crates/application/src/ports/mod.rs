//! What the use cases need from outside. Each port is object-safe; a store implements all of them, and proves it by
//! the contract suite of the feature `testing`.

mod descent;
mod fault;
mod feed;
mod history;
mod nature;
mod records;
mod session;
mod store;
mod usage;

pub use descent::{Descendant, Descendants, Lineage, Origin};
pub use fault::{CommitError, MigrationFault, StoreFault, TenantRefused, Unreadable};
pub use feed::{
    Announcer, ChangeFeed, FeedFault, FeedPosition, InvalidPosition, News, TokenChanged,
};
pub use history::{EventFilter, EventPlace, HISTORY_STEP, History, HistoryRow, TenantEvent};
pub use nature::{Clock, Entropy, EntropyFault, StoreTime};
pub use records::{EventView, Stray, Tenant, TokenMade, User, UserKind};
pub use session::{FORGOTTEN_AT_ONCE, SESSIONS_PER_TOKEN, Session, SessionDigest, SessionStore};
pub use store::{
    AuditStore, EVENT_BYTES, MOST_EXPIRING, Probe, TenantStore, TokenStore, UserStore,
};
pub use usage::{Census, Connections, UsageStore, Used};

#[cfg(any(test, feature = "testing"))]
pub use {
    feed::{MockAnnouncer, MockChangeFeed},
    nature::{MockClock, MockEntropy},
    session::MockSessionStore,
    store::{MockAuditStore, MockProbe, MockTenantStore, MockTokenStore, MockUserStore},
    usage::MockUsageStore,
};
