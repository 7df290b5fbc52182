//! The audit chains, for verifying them: across tenants, oldest first, revoked tokens included.

use async_trait::async_trait;
use countersign_application::ports::{AuditStore, ChainEnd, EventView, StoreFault};
use countersign_domain::{AuditEvent, ChainHash, TenantId, TokenId, Version};

use crate::{
    SqliteStore,
    fault::{fault, within},
    rows::{Column, EventRow},
};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn chain_ends(
        &self,
        after: Option<(TenantId, TokenId)>,
        limit: u16,
    ) -> Result<Vec<ChainEnd>, StoreFault> {
        // No blob sorts before the empty one.
        let (tenant, token) = after.map_or_else(Default::default, |(tenant, token)| {
            let bytes = |id: &sqlx::types::Uuid| id.as_bytes().to_vec();
            (bytes(tenant.as_uuid()), bytes(token.as_uuid()))
        });
        let rows = sqlx::query!(
            "SELECT tenant_id, id, version, chain_head FROM api_tokens \
             WHERE (tenant_id, id) > (?, ?) ORDER BY tenant_id, id LIMIT ?",
            tenant,
            token,
            limit
        );
        let rows = within(async { rows.fetch_all(&self.readers).await.map_err(fault) });
        let column = |column| Column("api_tokens", column);
        let ends = rows.await?.into_iter().map(|row| {
            Ok(ChainEnd {
                tenant: TenantId::from_uuid(column("tenant_id").id(&row.tenant_id)?),
                token: TokenId::from_uuid(column("id").id(&row.id)?),
                version: column("version").version(row.version)?,
                head: ChainHash::from_bytes(column("chain_head").hash(&row.chain_head)?),
            })
        });
        ends.collect()
    }

    async fn chain(
        &self,
        tenant: TenantId,
        token: TokenId,
        after: Option<Version>,
        limit: u16,
    ) -> Result<Vec<AuditEvent>, StoreFault> {
        let (tenant, token) = (tenant.as_uuid(), token.as_uuid());
        // Not 0, so that a row of a version that never was shows as well.
        let after = after.map_or(i64::MIN, Version::get);
        let rows = sqlx::query_as!(
            EventRow,
            "SELECT e.tenant_id, e.token_id, e.version_after, e.kind, e.at, e.by_user, \
             u.name AS by_name, e.address, e.request_id, e.version_before, e.changes, e.hash \
             FROM audit_events e JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.by_user \
             WHERE e.tenant_id = ? AND e.token_id = ? AND e.version_after > ? \
             ORDER BY e.version_after LIMIT ?",
            tenant,
            token,
            after,
            limit
        );
        let rows = within(async { rows.fetch_all(&self.readers).await.map_err(fault) });
        let events = rows.await?.into_iter().map(EventView::try_from);
        events.map(|view| view.map(|view| view.event)).collect()
    }
}
