//! The ports to what is kept. No transaction crosses them: a store opens and closes its own.

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

/// How many bytes of changes one page of events holds before it ends, if it holds more than one event.
pub const EVENT_BYTES: u32 = 256 * 1024;

/// Keeps tokens.
///
/// # Contract
/// - A *live* token is one that is not revoked; an expired one is live in this sense, and its name is taken.
/// - A read shows what was committed before it began, and never writes.
/// - Nothing of one tenant is ever seen, changed or counted from another.
/// - A store that cannot answer says so within 5 s, and answers again by itself once it can.
/// - A row that cannot be read is a fault of its own token: it never hides another one. The name of a
///   user is for display only; one that cannot be read is given as the empty text, which is no name.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// A live token.
    async fn get(&self, tenant: TenantId, id: TokenId) -> Result<Option<TokenView>, StoreError>;

    /// The facts behind a secret: of a live token with an enabled user, `None` for all others. The caller judges
    /// the expiry, and the end of a secret that was replaced.
    async fn find(&self, digest: &SecretDigest) -> Result<Option<Credential>, StoreError>;

    /// The secrets of a live token that work at that instant, the newest first; none where there is no such token.
    async fn secrets(
        &self,
        tenant: TenantId,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Vec<SecretView>, StoreError>;

    /// One page of the tokens of the filter's [scope](Filter::scope) that match, in that order,
    /// then by id; content and total are of one moment. The last use of a revoked token is the
    /// latest of its secrets'.
    async fn query(
        &self,
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, StoreError>;

    /// Up to `limit` live tokens in the order of their ids, those behind `after`. Costs the same at any depth.
    async fn list(
        &self,
        tenant: TenantId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, StoreError>;

    /// One page of a tenant's events, the newest first: by their instants, then by token and
    /// version, both descending. Looks at no more than [`HISTORY_STEP`](super::HISTORY_STEP)
    /// events, so that a page costs the same in any history: one that holds few events, or none,
    /// may still have a `next`.
    async fn history(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, StoreError>;

    /// Up to `limit` events of a token, live or revoked, newest first, those older than version `before`.
    /// If their changes together are longer than [`EVENT_BYTES`], fewer, but at least one.
    async fn events(
        &self,
        tenant: TenantId,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, StoreError>;

    /// The live tokens of a lineage, up to `limit` of them listed; `None` if there never was such a token. Tokens that
    /// were revoked are no part of it, but what descends from them is. Costs as much as the events that it follows.
    async fn descendants(
        &self,
        tenant: TenantId,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Option<Descendants>, StoreError>;

    /// Whether a token descends from another one, by the whole history.
    async fn descends(
        &self,
        tenant: TenantId,
        token: TokenId,
        ancestor: TokenId,
    ) -> Result<bool, StoreError>;

    /// What a user made under a key at or after `since`.
    async fn find_by_idempotency_key(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &IdempotencyKey,
        since: Timestamp,
    ) -> Result<Option<IdempotentResult>, StoreError>;

    /// Stores all of the change, or nothing.
    ///
    /// The actor is looked at again within: by the change's own instant its token must be live and
    /// not expired, its user enabled, and it must hold what the decision leant on. If the change
    /// needs it, the changed token must have made no token and no secret. A key is looked at before
    /// a name.
    ///
    /// # Errors
    /// Why nothing was stored; only [`CommitError::OutcomeUnknown`] leaves that open.
    async fn commit(&self, change: &Change) -> Result<(), CommitError>;

    /// Whether [`Self::commit`] would store the change now: every reason against it is the same
    /// one. It stores nothing, and no other call notices it.
    ///
    /// # Errors
    /// As [`Self::commit`], but never [`CommitError::OutcomeUnknown`].
    async fn dry_run(&self, change: &Change) -> Result<(), CommitError>;

    /// What revoking a live token needs if its record cannot be read.
    async fn revocable(
        &self,
        tenant: TenantId,
        id: TokenId,
    ) -> Result<Option<RevocableToken>, StoreError>;

    /// Stores all of a revocation, or nothing, under the same conditions as [`Self::commit`]. Reads and
    /// writes no value of the record that a rule could refuse.
    ///
    /// # Errors
    /// As [`Self::commit`].
    async fn force_revocation(&self, revocation: &ForcedRevocation) -> Result<(), CommitError>;
}

/// Keeps users.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UserStore: Send + Sync {
    /// A user of the tenant, enabled or not.
    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<User>, StoreError>;
}

/// Keeps tenants.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait TenantStore: Send + Sync {
    /// Makes a tenant with its system user, unless one of the same name or the same
    /// [key](Tenant::name_key) was made. Tenants of releases that stored no key are not compared.
    async fn create(&self, tenant: &Tenant) -> Result<(), TenantError>;

    /// All tenants in the order of their names.
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError>;

    /// Whether any token was ever made in the tenant.
    async fn has_history(&self, tenant: TenantId) -> Result<bool, StoreError>;
}

/// Reads audit chains for verifying them, across all tenants: for the operator, never for a request.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Up to `limit` tokens that have a record or events, revoked ones included, in the order of their tenants' and
    /// their own ids, those behind `after`.
    async fn histories(
        &self,
        after: Option<(TenantId, TokenId)>,
        limit: u16,
    ) -> Result<Vec<(TenantId, TokenId)>, StoreError>;

    /// All that is stored of a token, live or revoked, at one moment.
    async fn recorded(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Option<RecordSnapshot>, StoreError>;

    /// Up to `limit` events of a token, oldest first, those newer than version `after`; fewer if they are
    /// long, as [`TokenStore::events`], but at least one.
    async fn chain(
        &self,
        tenant: TenantId,
        token: TokenId,
        after: Option<Version>,
        limit: u16,
    ) -> Result<Vec<AuditEvent>, StoreError>;

    /// Up to `limit` rows of each table that belong to no token: secrets, uses, and what is searched by, of a token that has
    /// no record; and users that neither stand for a token nor are their tenant's system user as it was made. Takes as long
    /// as there is to be read.
    async fn strays(&self, limit: u16) -> Result<Vec<Stray>, StoreError>;
}

/// How far [`StoreHealth::expiring`] counts.
pub const MOST_EXPIRING: u32 = 10_000;

/// Tells whether a store answers.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Asks the store for a trivial answer.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Counts the tokens of all tenants, by their state at that instant. May take long where there are many.
    async fn token_counts(&self, now: Timestamp) -> Result<TokenCounts, StoreError>;

    /// How many live tokens expire at each of these instants at the latest, in all tenants
    /// together. None is counted beyond [`MOST_EXPIRING`], so that it costs the same however many
    /// there are.
    async fn expiring(&self, now: Timestamp, until: &[Timestamp]) -> Result<Vec<u64>, StoreError>;

    /// What this machine's clock can be compared with.
    async fn time(&self) -> Result<StoreTime, StoreError>;

    /// Fails as a change would, and changes nothing. With `to_disk` it is tried as far as the disk, if the store can do
    /// that without a trace, which costs a flush; returns whether it was.
    async fn try_write(&self, to_disk: bool) -> Result<bool, StoreError>;

    /// The store's settings under which a change that was acknowledged can be lost in a crash, by their names.
    async fn unsafe_settings(&self) -> Result<Vec<String>, StoreError>;

    /// How the store's connections are used at the moment.
    fn connections(&self) -> Connections;
}
