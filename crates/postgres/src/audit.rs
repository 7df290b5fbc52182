//! The port that reads audit chains, the oldest event first.

use async_trait::async_trait;
use countersign_application::ports::{AuditStore, EVENT_BYTES, StoreError, Stray};
use countersign_domain::{AuditEvent, RecordSnapshot, TenantId, TokenId, Version};
use uuid::Uuid;

use crate::{event_row::EventRow, rows::Micros, store::PostgresStore};

#[async_trait]
impl AuditStore for PostgresStore {
    async fn histories(
        &self,
        after: Option<(TenantId, TokenId)>,
        limit: u16,
    ) -> Result<Vec<(TenantId, TokenId)>, StoreError> {
        let (tenant, token) = after.map_or((Uuid::nil(), Uuid::nil()), |(tenant, token)| {
            (*tenant.as_uuid(), *token.as_uuid())
        });
        let rows = self.audit.query(|| {
            // Events without a record are a history too: that of a record that somebody removed.
            sqlx::query!(
                r#"
                (SELECT tenant_id AS "tenant_id!", id AS "id!" FROM api_tokens
                 WHERE (tenant_id, id) > ($1, $2) ORDER BY tenant_id, id LIMIT $3)
                UNION
                (SELECT DISTINCT tenant_id, token_id FROM audit_events
                 WHERE (tenant_id, token_id) > ($1, $2) ORDER BY tenant_id, token_id LIMIT $3)
                ORDER BY 1, 2
                LIMIT $3
                "#,
                tenant,
                token,
                i64::from(limit),
            )
            .map(|row| {
                (
                    TenantId::from_uuid(row.tenant_id),
                    TokenId::from_uuid(row.id),
                )
            })
        });
        Ok(rows.await?)
    }

    async fn recorded(
        &self,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<Option<RecordSnapshot>, StoreError> {
        self.all_of(tenant, token).await
    }

    async fn chain(
        &self,
        tenant: TenantId,
        token: TokenId,
        after: Option<Version>,
        limit: u16,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let rows = self.audit.query(|| {
            sqlx::query_as!(
                EventRow,
                r#"
                SELECT tenant_id, token_id, version_after, kind, at AS "at: Micros", by_user,
                       NULL::text AS by_name, address, request_id, version_before, changes, hash,
                       encoding, secret_commitment
                FROM (
                    SELECT n.*, sum(length(n.changes)) OVER (ORDER BY n.version_after) AS bytes
                    FROM (
                        SELECT * FROM audit_events
                        WHERE tenant_id = $1 AND token_id = $2 AND ($3::bigint IS NULL OR version_after > $3)
                        ORDER BY version_after
                        LIMIT $4
                    ) n
                ) e
                WHERE bytes - length(changes) < $5
                ORDER BY version_after
                "#,
                tenant.as_uuid(),
                token.as_uuid(),
                after.map(Version::get),
                i64::from(limit),
                i64::from(EVENT_BYTES),
            )
        });
        rows.await?.iter().map(AuditEvent::try_from).collect()
    }

    async fn strays(&self, limit: u16) -> Result<Vec<Stray>, StoreError> {
        self.all_strays(limit).await
    }
}
