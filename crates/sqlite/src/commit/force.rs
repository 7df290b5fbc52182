//! Revocation of a token whose record cannot be read: it reads and writes no value of it that a
//! rule could refuse.

use countersign_application::ports::CommitError;
use countersign_domain::ForcedRevocation;
use sqlx::SqliteConnection;

use super::{authorise, record};
use crate::{error::store_error, rows::Column};

pub(super) async fn force(
    db: &mut SqliteConnection,
    revocation: &ForcedRevocation,
) -> Result<(), CommitError> {
    authorise(db, revocation.authority()).await?;
    let event = revocation.event();
    let content = &event.content;
    let (tenant, token) = (content.tenant.as_uuid(), content.token.as_uuid());
    let stored = sqlx::query_scalar!(
        "SELECT version FROM api_tokens WHERE tenant_id = ? AND id = ? AND revoked_at IS NULL",
        tenant,
        token
    );
    let stored = stored.fetch_optional(&mut *db).await.map_err(store_error)?;
    let stored = stored.ok_or(CommitError::NotFound)?;
    if stored != revocation.expected() {
        let stored = Column("api_tokens", "version").version(stored)?;
        return Err(CommitError::Stale { stored });
    }
    let (version, at) = (content.version_after.get(), content.at.as_micros());
    let (by, head) = (content.by.as_uuid(), &event.hash.as_bytes()[..]);
    sqlx::query!(
        "UPDATE api_tokens SET version = ?1, modified_at = ?2, modified_by = ?3, chain_head = ?4, \
         revoked_at = ?2 WHERE tenant_id = ?5 AND id = ?6",
        version,
        at,
        by,
        head,
        tenant,
        token
    )
    .execute(&mut *db)
    .await
    .map_err(store_error)?;
    sqlx::query!(
        "UPDATE users SET closed_at = coalesce(closed_at, ?1) WHERE tenant_id = ?2 \
         AND id = (SELECT user_id FROM api_tokens WHERE tenant_id = ?2 AND id = ?3)",
        at,
        tenant,
        token
    )
    .execute(&mut *db)
    .await
    .map_err(store_error)?;
    record(db, event).await
}
