//! The contract that every store must pass, as part of the ports: one short function per promise.
//!
//! A store's tests call [`store_contract!`](crate::store_contract) with the name of an async
//! function without arguments that returns a [`StoreUnderTest`] on an empty, migrated database. The
//! macro makes a test for each promise, named after it and on a database of its own; the caller
//! needs `tokio` with `macros` and `rt-multi-thread`.

use std::{error::Error, ops::Deref};

use async_trait::async_trait;
use countersign_domain::{Change, TokenView, Write, uuid::Uuid};

use super::{Stores, TestTenant};
use crate::ports::{
    AuditStore, ChangeFeed, CommitError, SessionStore, StoreHealth, TenantStore, TokenStore,
    UsageStore, UserStore,
};

pub mod actors;
pub mod annotations;
pub mod audit;
pub mod authority;
pub mod bounds;
pub mod change_orders;
mod columns;
pub mod corruption;
pub mod creations_together;
pub mod descent;
pub mod dry_runs;
pub mod feed;
mod filter_oracle;
pub mod filters;
pub mod history;
pub mod idempotency;
pub mod isolation;
mod list;
pub mod names;
mod order_model;
pub mod pages;
pub mod races;
pub mod reads;
pub mod retirement;
pub mod revoked;
pub mod rotation;
pub mod sessions;
pub mod tenants;
pub mod together;
pub mod usage;
pub mod verification;
pub mod writes;

/// A store under test.
pub struct StoreUnderTest {
    /// Its ports.
    pub stores: Stores,
    /// Access to its database past the ports.
    pub backdoor: Box<dyn Backdoor>,
}

/// Access to a store's database past its ports, for what no port does. It also keeps the database
/// alive, if that is necessary.
#[async_trait]
pub trait Backdoor: Send + Sync {
    /// Runs statements in the database's own dialect, with all rights and on a connection of its
    /// own.
    async fn execute(&self, sql: &str) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Statements that make every later insert into `audit_events` fail.
    fn audit_outage(&self) -> &'static str;

    /// Statements that spoil this value in all rows, past all constraints and triggers.
    fn corrupt(&self, what: Corruption) -> &'static str;

    /// A value that is never written to a column of that kind; `None` if the database cannot hold
    /// one.
    fn bad(&self, bad: Bad) -> Option<&'static str>;

    /// An id as a literal.
    fn id(&self, id: &Uuid) -> String;

    /// Statements that write a value to a column of some rows, past all constraints and triggers.
    fn overwrite(&self, table: &str, column: &str, value: &str, rows: &str) -> String;
}

/// A value that the service never writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// A text that is not a name, permission, address, kind, request id or JSON.
    Text,
    /// A text that is blank.
    Blank,
    /// Bytes that are not UTF-8, in a column of texts.
    Bytes,
    /// One byte in place of a hash or digest.
    Hash,
    /// The number 0.
    Zero,
    /// An instant that has no RFC 3339 form.
    Time,
    /// A list with a meaningless text as its only entry.
    List,
    /// A value that is not even a list of texts.
    NoList,
    /// A JSON object with a meaningless key as its only one.
    Pairs,
    /// An id that nothing has.
    Stranger,
}

/// A value that can be spoilt in a row. "The text" is one that is valid in no column: not a
/// permission, address, kind, or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corruption {
    /// `api_tokens.version` becomes 0.
    Version,
    /// `api_tokens.name` becomes blank.
    Name,
    /// `api_tokens.partial_token` becomes the text.
    PartialToken,
    /// `api_tokens.permissions` gets the text as its only entry.
    Permissions,
    /// `api_tokens.allowed_addresses` gets the text as its only entry.
    AllowedAddresses,
    /// `api_tokens.expiry` becomes a time that has no RFC 3339 form.
    Expiry,
    /// `api_tokens.chain_head` becomes one byte long.
    ChainHead,
    /// `users` becomes empty.
    Users,
    /// `users.kind` becomes the text.
    UserKind,
    /// `audit_events.kind` becomes the text.
    EventKind,
    /// `audit_events.changes` becomes the text.
    Changes,
    /// `audit_events.hash` becomes one byte long.
    EventHash,
    /// `audit_events.address` becomes the text.
    EventAddress,
    /// `idempotency_keys.fingerprint` becomes one byte long.
    Fingerprint,
}

impl StoreUnderTest {
    /// A store with access past its ports.
    #[must_use]
    pub fn new<S>(store: S, backdoor: impl Backdoor + 'static) -> Self
    where
        S: TokenStore
            + UserStore
            + TenantStore
            + AuditStore
            + StoreHealth
            + ChangeFeed
            + UsageStore
            + SessionStore
            + 'static,
    {
        Self {
            stores: Stores::of(store),
            backdoor: Box::new(backdoor),
        }
    }

    /// Runs statements past the ports.
    async fn execute(&self, sql: &str) {
        self.backdoor.execute(sql).await.unwrap();
    }
}

impl Deref for StoreUnderTest {
    type Target = Stores;

    fn deref(&self) -> &Stores {
        &self.stores
    }
}

/// Everything that a reader can see of a tenant's live tokens, with their histories: it must be
/// equal before and after a call that must not write.
#[derive(Debug, PartialEq)]
struct Snapshot {
    tokens: Vec<(TokenView, crate::ports::User, Vec<crate::ports::EventView>)>,
    records: Vec<Option<countersign_domain::RecordSnapshot>>,
}

impl Snapshot {
    async fn of(realm: &TestTenant) -> Self {
        let (stores, tenant) = (&realm.stores, realm.tenant.id);
        let mut tokens = Vec::new();
        for view in stores.tokens.list(tenant, None, 100).await.unwrap().content {
            let (id, user) = (view.token.id, view.token.user);
            let user = stores.users.user(tenant, user).await.unwrap().unwrap();
            let events = stores.tokens.events(tenant, id, None, 100).await.unwrap();
            tokens.push((view, user, events));
        }
        let mut records = Vec::new();
        for (tenant, token) in stores.audit.histories(None, 500).await.unwrap() {
            records.push(stores.audit.recorded(tenant, token).await.unwrap());
        }
        Self { tokens, records }
    }
}

/// Commits a change that must be refused, and asserts that nothing was written: no token, user,
/// event or secret. A dry run before it must be refused for the same reason.
async fn refused(realm: &TestTenant, change: &Change) -> CommitError {
    let before = Snapshot::of(realm).await;
    let tried = realm.stores.tokens.dry_run(change).await.unwrap_err();
    let error = realm.commit(change).await.unwrap_err();
    match (&tried, &error) {
        (CommitError::Fault(_), CommitError::Fault(_)) => {}
        (tried, error) => assert_eq!(format!("{tried:?}"), format!("{error:?}")),
    }
    assert_eq!(Snapshot::of(realm).await, before, "after {error:?}");
    if let Write::Create { digest, .. } | Write::Rotate { digest, .. } = change.write() {
        assert_eq!(realm.stores.tokens.find(digest).await.unwrap(), None);
    }
    if let Write::Create { .. } = change.write() {
        let (tenant, user) = (realm.tenant.id, change.next().user);
        assert_eq!(realm.stores.users.user(tenant, user).await.unwrap(), None);
        let events = realm
            .stores
            .tokens
            .events(tenant, change.next().id, None, 9);
        assert_eq!(events.await.unwrap(), []);
    }
    error
}
