//! The rows of a new token: its user, its record, its first secret, and its idempotency key.

use countersign_application::ports::{CommitError, StoreError, UserKind};
use countersign_domain::{Change, IdempotencyKey, IdempotentRequest, SecretDigest};
use sqlx::SqliteConnection;

use super::{annotations::Annotations, json, name_taken};
use crate::{error::store_error, rows::made};

pub(super) async fn create(
    db: &mut SqliteConnection,
    change: &Change,
    digest: &SecretDigest,
    once: Option<&IdempotentRequest>,
) -> Result<(), CommitError> {
    if let Some(once) = once {
        look_up(db, change, once).await?;
    }
    user(db, change).await?;
    token(db, change).await?;
    secret(db, change, digest).await?;
    if let Some(once) = once {
        remember(db, change, once).await?;
    }
    Ok(())
}

/// Deletes the user's keys that are older than a day, and finds whether this one is still taken.
async fn look_up(
    db: &mut SqliteConnection,
    change: &Change,
    once: &IdempotentRequest,
) -> Result<(), CommitError> {
    let authority = change.authority();
    let (tenant, user) = (authority.tenant.as_uuid(), authority.user.as_uuid());
    let since = authority.now.minus_seconds(IdempotencyKey::WINDOW_SECONDS);
    let (since, key) = (since.as_micros(), once.key.as_str());
    sqlx::query!(
        "DELETE FROM idempotency_keys WHERE tenant_id = ? AND user_id = ? AND created_at < ?",
        tenant,
        user,
        since
    )
    .execute(&mut *db)
    .await
    .map_err(store_error)?;
    let row = sqlx::query!(
        "SELECT token_id, fingerprint FROM idempotency_keys \
         WHERE tenant_id = ? AND user_id = ? AND key = ?",
        tenant,
        user,
        key
    );
    match row.fetch_optional(db).await.map_err(store_error)? {
        None => Ok(()),
        Some(row) => {
            let made = made(&row.token_id, &row.fingerprint)?;
            Err(CommitError::AlreadyMade {
                token: made.token,
                fingerprint: made.fingerprint,
            })
        }
    }
}

async fn remember(
    db: &mut SqliteConnection,
    change: &Change,
    once: &IdempotentRequest,
) -> Result<(), StoreError> {
    let authority = change.authority();
    let (tenant, user) = (authority.tenant.as_uuid(), authority.user.as_uuid());
    let (key, fingerprint) = (once.key.as_str(), &once.fingerprint.as_bytes()[..]);
    let (token, at) = (change.next().id.as_uuid(), authority.now.as_micros());
    sqlx::query!(
        "INSERT INTO idempotency_keys (tenant_id, user_id, key, fingerprint, token_id, created_at) \
         VALUES (?, ?, ?, ?, ?, ?)",
        tenant,
        user,
        key,
        fingerprint,
        token,
        at
    )
    .execute(db)
    .await
    .map_err(store_error)?;
    Ok(())
}

async fn user(db: &mut SqliteConnection, change: &Change) -> Result<(), StoreError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.user.as_uuid());
    let (name, kind) = (token.name.as_str(), UserKind::ApiToken.as_str());
    let created = token.created.as_micros();
    sqlx::query!(
        "INSERT INTO users (tenant_id, id, name, kind, created_at) VALUES (?, ?, ?, ?, ?)",
        tenant,
        id,
        name,
        kind,
        created
    )
    .execute(db)
    .await
    .map_err(store_error)?;
    Ok(())
}

async fn token(db: &mut SqliteConnection, change: &Change) -> Result<(), CommitError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let (user, by) = (token.user.as_uuid(), change.by().id.as_uuid());
    let (version, partial) = (token.version.get(), token.partial.as_str());
    let (name, key) = (token.name.as_str(), token.name.key());
    let (expiry, created) = (token.expiry.as_micros(), token.created.as_micros());
    let (addresses, permissions) = (json(&token.addresses)?, json(&token.permissions)?);
    let annotations = Annotations::of(token)?;
    let modified = token.modified.as_micros();
    let head = &change.event().hash.as_bytes()[..];
    sqlx::query!(
        "INSERT INTO api_tokens (tenant_id, id, version, name, name_key, user_id, partial_token, \
         expiry, allowed_addresses, permissions, created_at, created_by, modified_at, modified_by, \
         chain_head, owner, owner_key, description, metadata) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tenant,
        id,
        version,
        name,
        key,
        user,
        partial,
        expiry,
        addresses,
        permissions,
        created,
        by,
        modified,
        by,
        head,
        annotations.owner,
        annotations.owner_key,
        annotations.description,
        annotations.metadata
    )
    .execute(db)
    .await
    .map_err(name_taken)?;
    Ok(())
}

/// Inserts the newest secret, which the change made.
pub(super) async fn secret(
    db: &mut SqliteConnection,
    change: &Change,
    digest: &SecretDigest,
) -> Result<(), StoreError> {
    let token = change.next();
    let (tenant, id) = (change.authority().tenant.as_uuid(), token.id.as_uuid());
    let (digest, partial) = (&digest.as_bytes()[..], token.partial.as_str());
    let created = token.modified.as_micros();
    sqlx::query!(
        "INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at) \
         VALUES (?, ?, ?, ?, ?)",
        digest,
        tenant,
        id,
        partial,
        created
    )
    .execute(db)
    .await
    .map_err(store_error)?;
    Ok(())
}
