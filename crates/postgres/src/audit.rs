//! The port that reads audit chains, the oldest event first.

use async_trait::async_trait;
use countersign_application::ports::{AuditStore, ChainEnd, StoreFault};
use countersign_domain::{AuditEvent, ChainHash, TenantId, TokenId, Version};
use uuid::Uuid;

use crate::{
    rows::{API_TOKENS, EventRow, Micros},
    store::PostgresStore,
};

#[async_trait]
impl AuditStore for PostgresStore {
    async fn chain_ends(
        &self,
        after: Option<(TenantId, TokenId)>,
        limit: u16,
    ) -> Result<Vec<ChainEnd>, StoreFault> {
        let (tenant, token) = after.map_or((Uuid::nil(), Uuid::nil()), |(tenant, token)| {
            (*tenant.as_uuid(), *token.as_uuid())
        });
        let rows = self.link.ask(|| {
            sqlx::query!(
                "
                SELECT tenant_id, id, version, chain_head FROM api_tokens
                WHERE (tenant_id, id) > ($1, $2)
                ORDER BY tenant_id, id
                LIMIT $3
                ",
                tenant,
                token,
                i64::from(limit),
            )
            .map(|row| {
                let head = API_TOKENS.digest("chain_head", &row.chain_head)?;
                Ok(ChainEnd {
                    tenant: TenantId::from_uuid(row.tenant_id),
                    token: TokenId::from_uuid(row.id),
                    version: API_TOKENS.version("version", row.version)?,
                    head: ChainHash::from_bytes(head),
                })
            })
        });
        rows.await?.into_iter().collect()
    }

    async fn chain(
        &self,
        tenant: TenantId,
        token: TokenId,
        after: Option<Version>,
        limit: u16,
    ) -> Result<Vec<AuditEvent>, StoreFault> {
        let rows = self.link.ask(|| {
            sqlx::query_as!(
                EventRow,
                r#"
                SELECT tenant_id, token_id, version_after, kind, at AS "at: Micros", by_user,
                       NULL::text AS by_name, address, request_id, version_before, changes, hash
                FROM audit_events
                WHERE tenant_id = $1 AND token_id = $2 AND ($3::bigint IS NULL OR version_after > $3)
                ORDER BY version_after
                LIMIT $4
                "#,
                tenant.as_uuid(),
                token.as_uuid(),
                after.map(Version::get),
                i64::from(limit),
            )
        });
        rows.await?.iter().map(AuditEvent::try_from).collect()
    }
}
