//! Commit of a change: one transaction that holds the write lock from its start, so that nothing
//! changes between its checks and its writes.

mod annotations;
mod create;
mod existing;
mod force;
mod group;

use std::time::Instant;

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{
    AuditEvent, Authority, Change, ForcedRevocation, SecretDigest, TokenId, Write,
};
use sqlx::SqliteConnection;

use crate::{
    SqliteStore,
    error::{is_key_taken, is_taken, store_error, within},
    rows::{Column, Text},
};

pub(crate) use group::GroupCommit;

use create::{create, secret};
use existing::{close_user, end_early, rename_user, retire, revoke, rotate, update};
use force::force;

impl SqliteStore {
    /// Stores all of a change or nothing.
    pub(crate) async fn store(&self, change: &Change) -> Result<(), CommitError> {
        self.group.commit(change).await
    }

    /// Writes a change in a transaction that is rolled back, so that every reason against it shows.
    pub(crate) async fn undo(&self, change: &Change) -> Result<(), CommitError> {
        within(async {
            let mut transaction = self.writer.begin().await?;
            let written = write(&mut transaction, change).await;
            transaction.rollback().await.map_err(store_error)?;
            written
        })
        .await
    }

    /// As [`Self::store`], for a token whose record cannot be read.
    pub(crate) async fn force(&self, revocation: &ForcedRevocation) -> Result<(), CommitError> {
        let write = async |db: &mut SqliteConnection| force(db, revocation).await;
        self.writer.transact(Instant::now(), write).await
    }
}

async fn write(db: &mut SqliteConnection, change: &Change) -> Result<(), CommitError> {
    authorise(db, change.authority()).await?;
    match change.write() {
        Write::Create { digest, once } => create(db, change, digest, once.as_ref()).await?,
        Write::Update { expected, rename } => {
            if change.authority().target_made_nothing {
                made_nothing(db, change).await?;
            }
            update(db, change, *expected).await?;
            if let Some(name) = rename {
                rename_user(db, change, name).await?;
            }
        }
        Write::Rotate {
            expected,
            digest,
            valid_until,
        } => {
            rotate(db, change, *expected).await?;
            retire(db, change, *valid_until).await?;
            secret(db, change, digest).await?;
        }
        Write::Retire {
            expected,
            digest,
            valid_until,
        } => {
            rotate(db, change, *expected).await?;
            end_early(db, change, digest, *valid_until).await?;
        }
        Write::Revoke { expected } => {
            revoke(db, change, *expected).await?;
            close_user(db, change).await?;
        }
    }
    record(db, change.event()).await
}

async fn authorise(db: &mut SqliteConnection, authority: &Authority) -> Result<(), CommitError> {
    let (tenant, user) = (authority.tenant.as_uuid(), authority.user.as_uuid());
    let Some(token) = authority.token else {
        let live = sqlx::query_scalar!(
            "SELECT 1 AS live FROM users WHERE tenant_id = ? AND id = ? AND closed_at IS NULL",
            tenant,
            user
        );
        let live = live.fetch_optional(db).await.map_err(store_error)?;
        return live.map(drop).ok_or(CommitError::ActorGone);
    };
    let (token, now) = (token.as_uuid(), authority.now.as_micros());
    let entry = authority.address_entry.as_deref();
    let found = sqlx::query!(
        "SELECT t.permissions AS \"permissions: Text\", \
         t.allowed_addresses = '[]' OR EXISTS (SELECT 1 FROM json_each(t.allowed_addresses) \
         WHERE value = ?) AS \"in_place!: bool\" FROM api_tokens t \
         JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id \
         WHERE t.tenant_id = ? AND t.id = ? AND t.user_id = ? AND t.revoked_at IS NULL \
         AND t.expiry > ? AND u.closed_at IS NULL",
        entry,
        tenant,
        token,
        user,
        now
    );
    let found = found.fetch_optional(&mut *db).await.map_err(store_error)?;
    let found = found.ok_or(CommitError::ActorGone)?;
    if let Some(secret) = &authority.secret {
        still_works(db, authority, secret).await?;
    }
    let held = Column("api_tokens", "permissions").permissions(&found.permissions)?;
    if !found.in_place {
        Err(CommitError::ActorMoved)
    } else if authority.required_permissions.is_subset(&held) {
        Ok(())
    } else {
        Err(CommitError::ActorNarrowed)
    }
}

/// Whether nothing descends from the token, because it made no token and no secret.
async fn made_nothing(db: &mut SqliteConnection, change: &Change) -> Result<(), CommitError> {
    let token = change.next();
    let (tenant, user) = (token.tenant.as_uuid(), token.user.as_uuid());
    let made = sqlx::query_scalar!(
        "SELECT 1 AS made FROM audit_events WHERE tenant_id = ? AND by_user = ? \
         AND kind IN ('created', 'rotated') LIMIT 1",
        tenant,
        user
    );
    match made.fetch_optional(db).await.map_err(store_error)? {
        None => Ok(()),
        Some(_) => Err(CommitError::MayBeAncestor),
    }
}

/// Whether the secret still works. A secret that a rotation has ended does not, even if the end is
/// dated later than the change. A rotation is dated by the secret that it made.
async fn still_works(
    db: &mut SqliteConnection,
    authority: &Authority,
    secret: &SecretDigest,
) -> Result<(), CommitError> {
    let digest = &secret.as_bytes()[..];
    let tenant = authority.tenant.as_uuid();
    let token = authority.token.as_ref().map(TokenId::as_uuid);
    let now = authority.now.as_micros();
    let works = sqlx::query_scalar!(
        "SELECT 1 AS works FROM token_secrets s WHERE s.digest = ? AND s.tenant_id = ? AND s.token_id = ? \
         AND (s.retires_at IS NULL OR s.retires_at > ? AND NOT EXISTS (SELECT 1 FROM token_secrets n \
         WHERE n.tenant_id = s.tenant_id AND n.token_id = s.token_id AND n.created_at >= s.retires_at))",
        digest,
        tenant,
        token,
        now
    );
    let works = works.fetch_optional(db).await.map_err(store_error)?;
    works.map(drop).ok_or(CommitError::ActorGone)
}

/// Inserts the event, without which there is no change.
async fn record(
    db: &mut SqliteConnection,
    AuditEvent {
        content: event,
        hash,
    }: &AuditEvent,
) -> Result<(), CommitError> {
    let tenant = event.tenant.as_uuid();
    let (token, by) = (event.token.as_uuid(), event.by.as_uuid());
    let (after, before) = (event.version_after.get(), event.version_before);
    let before = before.map(countersign_domain::Version::get);
    let (kind, at) = (event.kind.as_str(), event.at.as_micros());
    let address = event.address.map(|address| address.to_string());
    let request_id = event.request_id.as_str();
    let changes = json(&event.changes)?;
    let hash = &hash.as_bytes()[..];
    let encoding = event.encoding.number();
    let commitment = event.secret_commitment.as_ref();
    let commitment = commitment.map(|commitment| &commitment.as_bytes()[..]);
    sqlx::query!(
        "INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address, \
         request_id, version_before, changes, hash, encoding, secret_commitment) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tenant,
        token,
        after,
        kind,
        at,
        by,
        address,
        request_id,
        before,
        changes,
        hash,
        encoding,
        commitment
    )
    .execute(db)
    .await
    .map_err(|error| {
        if is_key_taken(&error) {
            // The history is ahead of the record, which the service never leaves so.
            let (table, column) = ("api_tokens", "version");
            return StoreError::Corrupt { table, column }.into();
        }
        CommitError::from(store_error(error))
    })?;
    Ok(())
}

/// The text of a value with several parts.
fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable(Box::new(error)))
}

/// The error if a token's row could not be written: the only unique index is that of live names.
fn name_taken(error: sqlx::Error) -> CommitError {
    if is_taken(&error) {
        CommitError::NameTaken
    } else {
        store_error(error).into()
    }
}
