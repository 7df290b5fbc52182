//! Sessions of people in browsers. Each call is one statement, except the beginning of a session.

use std::time::Instant;

use async_trait::async_trait;
use countersign_application::ports::{
    FORGOTTEN_AT_ONCE, SESSIONS_PER_TOKEN, Session, SessionDigest, SessionStore, StoreError,
};
use countersign_domain::Timestamp;

use crate::store::PostgresStore;

#[async_trait]
impl SessionStore for PostgresStore {
    async fn begin(&self, session: &Session) -> Result<(), StoreError> {
        let began = Instant::now();
        let told = self.link.execute(began, || {
            sqlx::query!(
                r#"
                INSERT INTO sessions (digest, tenant_id, token_id, secret_digest, began_at, seen_at)
                VALUES ($1, $2, $3, $4, $5, $6) RETURNING 1 AS "row!"
                "#,
                session.digest.as_bytes(),
                session.tenant.as_uuid(),
                session.token.as_uuid(),
                session.secret.as_bytes(),
                session.began.to_utc(),
                session.seen.to_utc(),
            )
            .map(drop)
        });
        told.await?;
        // Separate from the insertion, because one statement does not see what others insert at the
        // same time: of several that began at once, the last to look sees all of them, and leaves
        // no more than allowed. All lock the rows in one order, because they deadlocked otherwise.
        let told = self.link.execute(began, || {
            sqlx::query!(
                r#"
                DELETE FROM sessions WHERE digest IN (
                    SELECT digest FROM sessions WHERE digest IN (
                        SELECT digest FROM sessions WHERE tenant_id = $1 AND token_id = $2
                        ORDER BY began_at DESC, digest OFFSET $3
                    )
                    ORDER BY digest FOR UPDATE
                ) RETURNING 1 AS "row!"
                "#,
                session.tenant.as_uuid(),
                session.token.as_uuid(),
                i64::from(SESSIONS_PER_TOKEN),
            )
            .map(drop)
        });
        told.await?;
        Ok(())
    }

    async fn session(&self, digest: &SessionDigest) -> Result<Option<Session>, StoreError> {
        self.session_lookup.find(*digest).await
    }

    async fn record_activity(
        &self,
        digest: &SessionDigest,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let told = self.sessions.execute(Instant::now(), || {
            sqlx::query!(
                r#"
                UPDATE sessions SET seen_at = greatest(seen_at, $2) WHERE digest = $1
                RETURNING 1 AS "row!"
                "#,
                digest.as_bytes(),
                at.to_utc(),
            )
            .map(drop)
        });
        told.await?;
        Ok(())
    }

    async fn end(&self, digest: &SessionDigest) -> Result<(), StoreError> {
        let told = self.link.execute(Instant::now(), || {
            sqlx::query!(
                r#"DELETE FROM sessions WHERE digest = $1 RETURNING 1 AS "row!""#,
                digest.as_bytes(),
            )
            .map(drop)
        });
        told.await?;
        Ok(())
    }

    async fn forget(&self, began: Timestamp, seen: Timestamp) -> Result<(), StoreError> {
        let told = self.link.execute(Instant::now(), || {
            // Another node may be deleting the same ones.
            sqlx::query!(
                r#"
                DELETE FROM sessions WHERE digest IN (
                    SELECT digest FROM sessions WHERE began_at < $1 OR seen_at < $2
                    LIMIT $3 FOR UPDATE SKIP LOCKED
                ) RETURNING 1 AS "row!"
                "#,
                began.to_utc(),
                seen.to_utc(),
                i64::from(FORGOTTEN_AT_ONCE),
            )
            .map(drop)
        });
        told.await?;
        Ok(())
    }
}
