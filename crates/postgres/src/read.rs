//! The port of tokens: every read is one statement, and so is every write.

use async_trait::async_trait;
use countersign_application::{
    ports::{CommitError, EventView, StoreFault, TokenMade, TokenStore},
    query::{Filter, Order, Page, PageRequest},
};
use countersign_domain::{
    Change, Credential, Fingerprint, IdempotencyKey, SecretDigest, SecretView, TenantId, Timestamp,
    TokenId, TokenView, UserId, Version,
};
use uuid::Uuid;

use crate::{
    page::{Question, Way},
    rows::{EventRow, Micros, TOKEN_SECRETS, Table, tokens},
    store::PostgresStore,
};

#[async_trait]
impl TokenStore for PostgresStore {
    async fn get(&self, tenant: TenantId, id: TokenId) -> Result<Option<TokenView>, StoreFault> {
        self.records.find((tenant, id)).await
    }

    async fn find(&self, digest: &SecretDigest) -> Result<Option<Credential>, StoreFault> {
        self.lookup.find(*digest).await
    }

    async fn secrets(
        &self,
        tenant: TenantId,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Vec<SecretView>, StoreFault> {
        let rows = self.link.ask(|| {
            sqlx::query!(
                r#"
                SELECT s.partial_token, s.created_at AS "created_at: Micros", s.retires_at AS "retires_at: Micros",
                       s.last_used_at AS "last_used_at: Micros", s.last_used_address
                FROM token_secrets s
                JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id
                WHERE s.tenant_id = $1 AND s.token_id = $2 AND t.revoked_at IS NULL
                  AND (s.retires_at IS NULL OR s.retires_at > $3)
                ORDER BY s.retires_at IS NULL DESC, s.created_at DESC, s.digest
                "#,
                tenant.as_uuid(),
                id.as_uuid(),
                now.to_utc(),
            )
            .map(|row| {
                let table = TOKEN_SECRETS;
                let retires = row.retires_at.map(|at| table.time("retires_at", at));
                Ok(SecretView {
                    partial: table.partial(&row.partial_token)?,
                    created: table.time("created_at", row.created_at)?,
                    retires: retires.transpose()?,
                    last_used: table.last_use(row.last_used_at, row.last_used_address.as_ref())?,
                })
            })
        });
        rows.await?.into_iter().collect()
    }

    async fn query(
        &self,
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, StoreFault> {
        let _turn = self.turn().await?;
        let ask = async |way| {
            let question = Question::new(tenant, filter, order, page, way)?;
            let rows = self.link.ask(|| question.query()).await?;
            let total = rows.first().map_or(0, |row| row.total);
            let content = rows.into_iter().filter_map(|row| row.token);
            Ok(Page {
                content: content.map(TokenView::try_from).collect::<Result<_, _>>()?,
                total: u64::try_from(total).unwrap_or(0),
            })
        };
        let way = Way::of(order);
        match ask(way).await {
            Ok(found) if way.fell_short(page, &found) => ask(Way::Tokens).await,
            found => found,
        }
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Vec<TokenView>, StoreFault> {
        let rows = self.link.ask(|| {
            tokens!(
                "t.tenant_id = $1 AND t.id > $2 AND t.revoked_at IS NULL ORDER BY t.id LIMIT $3",
                tenant.as_uuid(),
                after.map_or(Uuid::nil(), |id| *id.as_uuid()),
                i64::from(limit),
            )
        });
        rows.await?.into_iter().map(TokenView::try_from).collect()
    }

    async fn events(
        &self,
        tenant: TenantId,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, StoreFault> {
        let rows = self.link.ask(|| {
            sqlx::query_as!(
                EventRow,
                r#"
                SELECT e.tenant_id, e.token_id, e.version_after, e.kind, e.at AS "at: Micros", e.by_user,
                       u.name AS "by_name?", e.address, e.request_id, e.version_before, e.changes, e.hash
                FROM audit_events e
                LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.by_user
                WHERE e.tenant_id = $1 AND e.token_id = $2 AND e.version_after <= $3
                ORDER BY e.version_after DESC
                LIMIT $4
                "#,
                tenant.as_uuid(),
                token.as_uuid(),
                before.map_or(i64::MAX, |version| version.get() - 1),
                i64::from(limit),
            )
        });
        rows.await?.into_iter().map(EventView::try_from).collect()
    }

    async fn made_under(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &IdempotencyKey,
        since: Timestamp,
    ) -> Result<Option<TokenMade>, StoreFault> {
        let rows = self.link.ask(|| {
            sqlx::query!(
                "
                SELECT token_id, fingerprint FROM idempotency_keys
                WHERE tenant_id = $1 AND user_id = $2 AND key = $3 AND created_at >= $4
                ",
                tenant.as_uuid(),
                user.as_uuid(),
                key.as_str(),
                since.to_utc(),
            )
            .map(|row| {
                let bytes = Table("idempotency_keys").digest("fingerprint", &row.fingerprint)?;
                Ok(TokenMade {
                    token: TokenId::from_uuid(row.token_id),
                    fingerprint: Fingerprint::from_bytes(bytes),
                })
            })
        });
        rows.await?.pop().transpose()
    }

    async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        let outcome = self.write(change).await;
        if matches!(outcome, Ok(()) | Err(CommitError::OutcomeUnknown(_))) {
            self.announce();
        }
        outcome
    }
}
