//! The rows of a token that is updated, rotated or revoked, and of its user. A write that meets
//! another version writes nothing.

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{Change, SecretDigest, Timestamp, TokenName, Version};
use sqlx::{SqliteConnection, sqlite::SqliteQueryResult};

use super::{annotations::Annotations, json, name_taken};
use crate::{error::store_error, rows::Column};

pub(super) async fn update(
    db: &mut SqliteConnection,
    change: &Change,
    expected: Version,
) -> Result<(), CommitError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let (version, expected) = (token.version.get(), expected.get());
    let (name, key) = (token.name.as_str(), token.name.key());
    let (addresses, permissions) = (json(&token.addresses)?, json(&token.permissions)?);
    let (expiry, modified) = (token.expiry.as_micros(), token.modified.as_micros());
    let annotations = Annotations::of(token)?;
    let by = change.by().id.as_uuid();
    let head = &change.event().hash.as_bytes()[..];
    let written = sqlx::query!(
        "UPDATE api_tokens SET version = ?1, name = ?2, \
         name_key = iif(name = ?2, name_key, ?3), expiry = ?4, \
         allowed_addresses = ?5, permissions = ?6, modified_at = ?7, modified_by = ?8, \
         chain_head = ?9, owner = ?13, owner_key = ?14, description = ?15, metadata = ?16 \
         WHERE tenant_id = ?10 AND id = ?11 AND version = ?12 AND revoked_at IS NULL",
        version,
        name,
        key,
        expiry,
        addresses,
        permissions,
        modified,
        by,
        head,
        tenant,
        id,
        expected,
        annotations.owner,
        annotations.owner_key,
        annotations.description,
        annotations.metadata
    )
    .execute(&mut *db)
    .await
    .map_err(name_taken)?;
    one(db, change, &written).await
}

/// Writes the record of a change of its secrets; one that ends a secret keeps the partial token of
/// the newest.
pub(super) async fn rotate(
    db: &mut SqliteConnection,
    change: &Change,
    expected: Version,
) -> Result<(), CommitError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let (version, expected) = (token.version.get(), expected.get());
    let (partial, modified) = (token.partial.as_str(), token.modified.as_micros());
    let by = change.by().id.as_uuid();
    let head = &change.event().hash.as_bytes()[..];
    let written = sqlx::query!(
        "UPDATE api_tokens SET version = ?, partial_token = ?, modified_at = ?, modified_by = ?, \
         chain_head = ? WHERE tenant_id = ? AND id = ? AND version = ? AND revoked_at IS NULL",
        version,
        partial,
        modified,
        by,
        head,
        tenant,
        id,
        expected
    )
    .execute(&mut *db)
    .await
    .map_err(store_error)?;
    one(db, change, &written).await
}

/// Ends the newest secret at `valid_until`, and those before it now; an end that has passed stays.
pub(super) async fn retire(
    db: &mut SqliteConnection,
    change: &Change,
    valid_until: Timestamp,
) -> Result<(), StoreError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let (now, valid_until) = (token.modified.as_micros(), valid_until.as_micros());
    sqlx::query!(
        "UPDATE token_secrets SET retires_at = iif(retires_at IS NULL, ?1, ?2) \
         WHERE tenant_id = ?3 AND token_id = ?4 AND (retires_at IS NULL OR retires_at > ?2)",
        valid_until,
        now,
        tenant,
        id
    )
    .execute(db)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// Ends one replaced secret. It exists, because no version is stored without its secrets.
pub(super) async fn end_early(
    db: &mut SqliteConnection,
    change: &Change,
    digest: &SecretDigest,
    valid_until: Timestamp,
) -> Result<(), StoreError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let (digest, valid_until) = (&digest.as_bytes()[..], valid_until.as_micros());
    let written = sqlx::query!(
        "UPDATE token_secrets SET retires_at = ?1 \
         WHERE digest = ?2 AND tenant_id = ?3 AND token_id = ?4 AND retires_at > ?1",
        valid_until,
        digest,
        tenant,
        id
    )
    .execute(db)
    .await
    .map_err(store_error)?;
    if written.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreError::Corrupt {
        table: "token_secrets",
        column: "retires_at",
    })
}

pub(super) async fn revoke(
    db: &mut SqliteConnection,
    change: &Change,
    expected: Version,
) -> Result<(), CommitError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let (version, expected) = (token.version.get(), expected.get());
    let (modified, by) = (token.modified.as_micros(), change.by().id.as_uuid());
    let head = &change.event().hash.as_bytes()[..];
    let written = sqlx::query!(
        "UPDATE api_tokens SET version = ?, modified_at = ?, modified_by = ?, chain_head = ?, \
         revoked_at = ? WHERE tenant_id = ? AND id = ? AND version = ? AND revoked_at IS NULL",
        version,
        modified,
        by,
        head,
        modified,
        tenant,
        id,
        expected
    )
    .execute(&mut *db)
    .await
    .map_err(store_error)?;
    one(db, change, &written).await
}

/// Returns why nothing was written, if nothing was.
async fn one(
    db: &mut SqliteConnection,
    change: &Change,
    written: &SqliteQueryResult,
) -> Result<(), CommitError> {
    if written.rows_affected() == 1 {
        return Ok(());
    }
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let stored = sqlx::query_scalar!(
        "SELECT version FROM api_tokens WHERE tenant_id = ? AND id = ? AND revoked_at IS NULL",
        tenant,
        id
    );
    let stored = stored.fetch_optional(db).await.map_err(store_error)?;
    let stored = stored.ok_or(CommitError::NotFound)?;
    let stored = Column("api_tokens", "version").version(stored)?;
    Err(CommitError::Stale { stored })
}

pub(super) async fn rename_user(
    db: &mut SqliteConnection,
    change: &Change,
    name: &TokenName,
) -> Result<(), StoreError> {
    let (tenant, user) = (
        change.authority().tenant.as_uuid(),
        change.next().user.as_uuid(),
    );
    let name = name.as_str();
    sqlx::query!(
        "UPDATE users SET name = ? WHERE tenant_id = ? AND id = ?",
        name,
        tenant,
        user
    )
    .execute(db)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// Closes the user, unless somebody closed it before.
pub(super) async fn close_user(
    db: &mut SqliteConnection,
    change: &Change,
) -> Result<(), StoreError> {
    let (tenant, user) = (
        change.authority().tenant.as_uuid(),
        change.next().user.as_uuid(),
    );
    let at = change.next().modified.as_micros();
    sqlx::query!(
        "UPDATE users SET closed_at = coalesce(closed_at, ?) WHERE tenant_id = ? AND id = ?",
        at,
        tenant,
        user
    )
    .execute(db)
    .await
    .map_err(store_error)?;
    Ok(())
}
