//! What the use cases need from outside. Each port is object-safe; a store implements all of them, and proves it by
//! the contract suite of the feature `testing`.

mod fault;
mod nature;
mod records;
mod store;

pub use fault::{CommitError, StoreFault, TenantRefused};
pub use nature::{Clock, Entropy, EntropyFault};
pub use records::{EventView, Tenant, TokenMade, User, UserKind};
pub use store::{AuditStore, Probe, TenantStore, TokenStore, UserStore};

#[cfg(any(test, feature = "testing"))]
pub use {
    nature::{MockClock, MockEntropy},
    store::{MockAuditStore, MockProbe, MockTenantStore, MockTokenStore, MockUserStore},
};
