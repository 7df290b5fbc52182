//! The ports of stored data. No transaction crosses them: a store opens and closes its own.

use async_trait::async_trait;
use countersign_domain::{
    AuditEvent, Change, Credential, ForcedRevocation, IdempotencyKey, RecordSnapshot,
    RevocableToken, SecretDigest, SecretView, TenantId, Timestamp, TokenId, TokenView, UserId,
    Version,
};

use super::{
    CommitError, Connections, Descendants, EventFilter, EventPlace, EventView, History,
    IdempotentResult, Lineage, StoreError, StoreTime, Stray, Tenant, TenantError, TokenCounts,
    User,
};
use crate::query::{Filter, Listed, Order, Page, PageRequest};

/// The maximum size in bytes of the changes on one page of events, if the page holds more than one
/// event.
pub const EVENT_BYTES: u32 = 256 * 1024;

/// The store of tokens.
///
/// # Contract
/// - A *live* token is one that is not revoked; an expired one is live in this sense, and its name
///   is taken.
/// - A read returns what was committed before it began, and never writes.
/// - Nothing of one tenant is ever visible, changed or counted from another.
/// - A store that cannot answer reports that within 5 s, and answers again by itself once it can.
/// - A row that cannot be read is a fault of its own token: it never hides another one. The name of
///   a user is for display only; a name that cannot be read is returned as the empty text, which is
///   not a valid name.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Returns a live token.
    async fn get(&self, tenant: TenantId, id: TokenId) -> Result<Option<TokenView>, StoreError>;

    /// Returns the facts of a secret of a live token with an enabled user; `None` for all others.
    /// The caller judges the expiry, and the end of a secret that was replaced.
    async fn find(&self, digest: &SecretDigest) -> Result<Option<Credential>, StoreError>;

    /// Returns the secrets of a live token that work at that instant, the newest first; none if
    /// there is no such token.
    async fn secrets(
        &self,
        tenant: TenantId,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Vec<SecretView>, StoreError>;

    /// Returns one page of the matching tokens in the filter's [scope](Filter::scope), in that
    /// order, then by id. Content and total are of one moment. The last use of a revoked token is
    /// the latest of its secrets'.
    async fn query(
        &self,
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, StoreError>;

    /// Returns up to `limit` live tokens after `after`, in the order of their ids. The cost is the
    /// same at any depth.
    async fn list(
        &self,
        tenant: TenantId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, StoreError>;

    /// Returns one page of a tenant's events, the newest first: by their instants, then by token
    /// and version, all descending. It reads at most [`HISTORY_STEP`](super::HISTORY_STEP) events,
    /// so that a page costs the same in any history: a page with few or no events may still have a
    /// `next`.
    async fn history(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, StoreError>;

    /// Returns up to `limit` events of a token, live or revoked, newest first, that are older than
    /// version `before`. If their changes together are longer than [`EVENT_BYTES`], it returns
    /// fewer, but at least one.
    async fn events(
        &self,
        tenant: TenantId,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, StoreError>;

    /// Returns the live tokens of a lineage, up to `limit` of them listed; `None` if there never
    /// was such a token. Revoked tokens are not part of it, but their descendants are. The cost
    /// grows with the number of events that it follows.
    async fn descendants(
        &self,
        tenant: TenantId,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Option<Descendants>, StoreError>;

    /// Returns whether a token descends from another one, by the whole history.
    async fn descends(
        &self,
        tenant: TenantId,
        token: TokenId,
        ancestor: TokenId,
    ) -> Result<bool, StoreError>;

    /// Returns the token that a user created under a key at or after `since`.
    async fn find_by_idempotency_key(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &IdempotencyKey,
        since: Timestamp,
    ) -> Result<Option<IdempotentResult>, StoreError>;

    /// Stores all of the change, or nothing.
    ///
    /// The commit checks the actor again: at the change's own instant its token must be live and
    /// not expired, its user enabled, and it must hold the permissions that the decision relied on.
    /// If the change requires it, the changed token must have made no token and no secret. A key is
    /// checked before a name.
    ///
    /// # Errors
    /// Returns why nothing was stored; only [`CommitError::OutcomeUnknown`] leaves that open.
    async fn commit(&self, change: &Change) -> Result<(), CommitError>;

    /// Returns whether [`Self::commit`] would store the change now, with the same reason against
    /// it. It stores nothing, and no other call notices it.
    ///
    /// # Errors
    /// As [`Self::commit`], but never [`CommitError::OutcomeUnknown`].
    async fn dry_run(&self, change: &Change) -> Result<(), CommitError>;

    /// Returns what a revocation of a live token needs if its record cannot be read.
    async fn revocable(
        &self,
        tenant: TenantId,
        id: TokenId,
    ) -> Result<Option<RevocableToken>, StoreError>;

    /// Stores all of a revocation, or nothing, under the same conditions as [`Self::commit`]. It
    /// reads and writes no value of the record that a rule could refuse.
    ///
    /// # Errors
    /// As [`Self::commit`].
    async fn force_revocation(&self, revocation: &ForcedRevocation) -> Result<(), CommitError>;
}

/// The store of users.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Returns a user of the tenant, enabled or not.
    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<User>, StoreError>;
}

/// The store of tenants.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait TenantStore: Send + Sync {
    /// Creates a tenant with its system user, unless one of the same name or the same
    /// [key](Tenant::name_key) exists. Tenants of releases that stored no key are not compared.
    async fn create(&self, tenant: &Tenant) -> Result<(), TenantError>;

    /// Returns all tenants in the order of their names.
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError>;

    /// Returns whether any token was ever created in the tenant.
    async fn has_history(&self, tenant: TenantId) -> Result<bool, StoreError>;
}

/// Reads audit chains for their verification, across all tenants: for the operator, never for a
/// request.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Returns up to `limit` tokens after `after` that have a record or events, including revoked
    /// ones, in the order of their tenants' and their own ids.
    async fn histories(
        &self,
        after: Option<(TenantId, TokenId)>,
        limit: u16,
    ) -> Result<Vec<(TenantId, TokenId)>, StoreError>;

    /// Returns all rows of a token, live or revoked, at one moment.
    async fn recorded(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Option<RecordSnapshot>, StoreError>;

    /// Returns up to `limit` events of a token, oldest first, that are newer than version `after`;
    /// fewer if they are long, as in [`TokenStore::events`], but at least one.
    async fn chain(
        &self,
        tenant: TenantId,
        token: TokenId,
        after: Option<Version>,
        limit: u16,
    ) -> Result<Vec<AuditEvent>, StoreError>;

    /// Returns up to `limit` rows of each table that belong to no token: secrets, uses and search
    /// rows of a token that has no record; and users that neither stand for a token nor are their
    /// tenant's original system user. It takes as long as there are rows to read.
    async fn strays(&self, limit: u16) -> Result<Vec<Stray>, StoreError>;
}

/// The number up to which [`StoreHealth::expiring`] counts.
pub const MOST_EXPIRING: u32 = 10_000;

/// The health of a store.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Asks the store for a trivial answer.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Counts the tokens of all tenants, by their state at that instant. It may take long with many
    /// tokens.
    async fn token_counts(&self, now: Timestamp) -> Result<TokenCounts, StoreError>;

    /// Returns how many live tokens of all tenants together expire at each of these instants at the
    /// latest. It counts no further than [`MOST_EXPIRING`], so that the cost is bounded.
    async fn expiring(&self, now: Timestamp, until: &[Timestamp]) -> Result<Vec<u64>, StoreError>;

    /// Returns the time with which this machine's clock can be compared.
    async fn time(&self) -> Result<StoreTime, StoreError>;

    /// Fails as a change would, and changes nothing. With `to_disk` the attempt goes as far as the
    /// disk, if the store can do that without a trace, which costs a flush; returns whether it did.
    async fn try_write(&self, to_disk: bool) -> Result<bool, StoreError>;

    /// Returns the names of the store's settings by which a crash may lose acknowledged changes.
    async fn unsafe_settings(&self) -> Result<Vec<String>, StoreError>;

    /// Returns how the store's connections are used at the moment.
    fn connections(&self) -> Connections;
}
