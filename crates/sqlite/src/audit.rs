//! The audit chains for their verification: across tenants, oldest first, including revoked tokens.

use async_trait::async_trait;
use countersign_application::ports::{AuditStore, EVENT_BYTES, StoreError, Stray};
use countersign_domain::{AuditEvent, RecordSnapshot, TenantId, TokenId, Version};

use crate::{
    SqliteStore,
    error::{store_error, within},
    rows::{Column, EventRow, Text},
};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn histories(
        &self,
        after: Option<(TenantId, TokenId)>,
        limit: u16,
    ) -> Result<Vec<(TenantId, TokenId)>, StoreError> {
        // No blob sorts before the empty one.
        let (tenant, token) = after.map_or_else(Default::default, |(tenant, token)| {
            let bytes = |id: &sqlx::types::Uuid| id.as_bytes().to_vec();
            (bytes(tenant.as_uuid()), bytes(token.as_uuid()))
        });
        // Events without a record are a history too: that of a record that somebody removed.
        let rows = sqlx::query!(
            r#"SELECT tenant_id AS "tenant_id!: Vec<u8>", id AS "id!: Vec<u8>"
            FROM (SELECT tenant_id, id FROM api_tokens
                  WHERE (tenant_id, id) > (?1, ?2) ORDER BY tenant_id, id LIMIT ?3)
            UNION
            SELECT tenant_id, token_id
            FROM (SELECT DISTINCT tenant_id, token_id FROM audit_events
                  WHERE (tenant_id, token_id) > (?1, ?2) ORDER BY tenant_id, token_id LIMIT ?3)
            ORDER BY 1, 2 LIMIT ?3"#,
            tenant,
            token,
            limit
        );
        let rows = within(async { rows.fetch_all(&self.audit).await.map_err(store_error) });
        let id = |column, bytes: &[u8]| Column("api_tokens", column).id(bytes);
        let keys = rows.await?.into_iter().map(|row| {
            let tenant = TenantId::from_uuid(id("tenant_id", &row.tenant_id)?);
            Ok((tenant, TokenId::from_uuid(id("id", &row.id)?)))
        });
        keys.collect()
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
        let (tenant, token) = (tenant.as_uuid(), token.as_uuid());
        // Not 0, so that a row of a version that never existed shows as well.
        let after = after.map_or(i64::MIN, Version::get);
        let rows = sqlx::query_as!(
            EventRow,
            "SELECT tenant_id, token_id, version_after, kind AS \"kind: Text\", at, by_user, \
             NULL AS \"by_name?: Text\", address AS \"address?: Text\", \
             request_id AS \"request_id: Text\", version_before AS \"version_before?\", \
             changes AS \"changes: Text\", hash, encoding, secret_commitment \
             FROM (SELECT *, sum(length(changes)) OVER (ORDER BY version_after) AS bytes \
                   FROM (SELECT * FROM audit_events \
                         WHERE tenant_id = ? AND token_id = ? AND version_after > ? \
                         ORDER BY version_after LIMIT ?)) \
             WHERE bytes - length(changes) < ? ORDER BY version_after",
            tenant,
            token,
            after,
            limit,
            EVENT_BYTES
        );
        let rows = within(async { rows.fetch_all(&self.audit).await.map_err(store_error) });
        rows.await?.iter().map(AuditEvent::try_from).collect()
    }

    async fn strays(&self, limit: u16) -> Result<Vec<Stray>, StoreError> {
        self.all_strays(limit).await
    }
}
