//! Usage of the service: when secrets were last admitted, how many tokens there are, how busy the
//! store's connections are. No decision depends on it.

use std::net::IpAddr;

use async_trait::async_trait;
use countersign_domain::{SecretDigest, TenantId, Timestamp, TokenId};

use super::StoreError;

/// The last admission of a secret within some interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageRecord {
    /// The secret.
    pub digest: SecretDigest,
    /// Its token's tenant.
    pub tenant: TenantId,
    /// Its token.
    pub token: TokenId,
    /// The instant of the use.
    pub at: Timestamp,
    /// The client's address; `None` = unknown.
    pub address: Option<IpAddr>,
}

/// The store of last uses of tokens and their secrets.
///
/// # Contract
/// - It never touches a record: no version, no event, and it never delays an update for long.
/// - The latest use counts, whatever the order in which nodes write.
/// - A use of a secret that does not exist any more is ignored.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Records uses, at most one of each secret.
    async fn record(&self, uses: &[UsageRecord]) -> Result<(), StoreError>;
}

/// The numbers of tokens, in all tenants together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Tokens that are neither expired nor revoked.
    pub live: u64,
    /// Tokens that are expired and not revoked.
    pub expired: u64,
    /// Tokens that are revoked.
    pub revoked: u64,
}

/// The use of a store's connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// The number of open connections.
    pub open: u32,
    /// The number of them that are idle.
    pub idle: u32,
    /// The maximum number.
    pub limit: u32,
}
