//! What is known of how the service is used: when secrets were last admitted, how many tokens there are, how busy the
//! store's connections are. None of it is needed to decide anything.

use std::net::IpAddr;

use async_trait::async_trait;
use countersign_domain::{SecretDigest, TenantId, Timestamp, TokenId};

use super::StoreError;

/// The last time that a secret was admitted within some interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageRecord {
    /// The secret.
    pub digest: SecretDigest,
    /// Its token's tenant.
    pub tenant: TenantId,
    /// Its token.
    pub token: TokenId,
    /// When.
    pub at: Timestamp,
    /// From where; `None` = the address could not be told.
    pub address: Option<IpAddr>,
}

/// Keeps when tokens and their secrets were last used.
///
/// # Contract
/// - It never touches a record: no version, no event, nothing that an update could be held up by for long.
/// - The latest use stands, whatever the order in which nodes write.
/// - A use of what is not there any more is passed over.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Notes some uses, at most one of each secret.
    async fn record(&self, uses: &[UsageRecord]) -> Result<(), StoreError>;
}

/// How many tokens there are, in all tenants together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Neither expired nor revoked.
    pub live: u64,
    /// Expired and not revoked.
    pub expired: u64,
    /// Revoked.
    pub revoked: u64,
}

/// How a store's connections are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// How many are open.
    pub open: u32,
    /// How many of them are waiting for work.
    pub idle: u32,
    /// How many there may be.
    pub limit: u32,
}
