//! Sessions of people in browsers. Each call is one statement, except the beginning of a session.

use async_trait::async_trait;
use countersign_application::ports::{
    FORGOTTEN_AT_ONCE, SESSIONS_PER_TOKEN, Session, SessionDigest, SessionStore, StoreError,
};
use countersign_domain::{SecretDigest, TenantId, Timestamp, TokenId};

use crate::{
    SqliteStore,
    error::{store_error, within},
    rows::Column,
};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn begin(&self, session: &Session) -> Result<(), StoreError> {
        let digest = &session.digest.as_bytes()[..];
        let (tenant, token) = (session.tenant.as_uuid(), session.token.as_uuid());
        let secret = &session.secret.as_bytes()[..];
        let (began, seen) = (session.began.as_micros(), session.seen.as_micros());
        let insert = sqlx::query!(
            "INSERT INTO sessions (digest, tenant_id, token_id, secret_digest, began_at, seen_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
            digest,
            tenant,
            token,
            secret,
            began,
            seen
        );
        let trim = sqlx::query!(
            "DELETE FROM sessions WHERE digest IN \
             (SELECT digest FROM sessions WHERE tenant_id = ? AND token_id = ? \
              ORDER BY began_at DESC, digest LIMIT -1 OFFSET ?)",
            tenant,
            token,
            SESSIONS_PER_TOKEN
        );
        within(async {
            let mut transaction = self.writer.begin().await?;
            insert
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
            trim.execute(&mut *transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)
        })
        .await
    }

    async fn session(&self, digest: &SessionDigest) -> Result<Option<Session>, StoreError> {
        let wanted = &digest.as_bytes()[..];
        let row = sqlx::query_as!(
            SessionRow,
            "SELECT tenant_id, token_id, secret_digest, began_at, seen_at FROM sessions \
             WHERE digest = ?",
            wanted
        );
        let row = within(async { row.fetch_optional(&self.readers).await.map_err(store_error) });
        row.await?.map(|row| row.of(*digest)).transpose()
    }

    async fn record_activity(
        &self,
        digest: &SessionDigest,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (digest, at) = (&digest.as_bytes()[..], at.as_micros());
        let update = sqlx::query!(
            "UPDATE sessions SET seen_at = max(seen_at, ?) WHERE digest = ?",
            at,
            digest
        );
        within(async {
            update
                .execute(&mut *self.writer.acquire().await?)
                .await
                .map_err(store_error)
        })
        .await
        .map(drop)
    }

    async fn end(&self, digest: &SessionDigest) -> Result<(), StoreError> {
        let digest = &digest.as_bytes()[..];
        let delete = sqlx::query!("DELETE FROM sessions WHERE digest = ?", digest);
        within(async {
            delete
                .execute(&mut *self.writer.acquire().await?)
                .await
                .map_err(store_error)
        })
        .await
        .map(drop)
    }

    async fn forget(&self, began: Timestamp, seen: Timestamp) -> Result<(), StoreError> {
        let (began, seen) = (began.as_micros(), seen.as_micros());
        let delete = sqlx::query!(
            "DELETE FROM sessions WHERE digest IN \
             (SELECT digest FROM sessions WHERE began_at < ? OR seen_at < ? LIMIT ?)",
            began,
            seen,
            FORGOTTEN_AT_ONCE
        );
        within(async {
            delete
                .execute(&mut *self.writer.acquire().await?)
                .await
                .map_err(store_error)
        })
        .await
        .map(drop)
    }
}

struct SessionRow {
    tenant_id: Vec<u8>,
    token_id: Vec<u8>,
    secret_digest: Vec<u8>,
    began_at: i64,
    seen_at: i64,
}

impl SessionRow {
    fn of(self, digest: SessionDigest) -> Result<Session, StoreError> {
        let of = |column| Column("sessions", column);
        let secret = of("secret_digest").hash(&self.secret_digest)?;
        Ok(Session {
            digest,
            tenant: TenantId::from_uuid(of("tenant_id").id(&self.tenant_id)?),
            token: TokenId::from_uuid(of("token_id").id(&self.token_id)?),
            secret: SecretDigest::from_bytes(secret),
            began: of("began_at").time(self.began_at)?,
            seen: of("seen_at").time(self.seen_at)?,
        })
    }
}
