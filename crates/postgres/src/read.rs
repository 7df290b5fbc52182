//! The port of tokens. Every read is one statement, and so is every write.

use std::time::Instant;

use async_trait::async_trait;
use countersign_application::{
    ports::{
        CommitError, Descendants, EVENT_BYTES, EventFilter, EventPlace, EventView, History,
        IdempotentResult, Lineage, StoreError, TokenStore, Unreadable,
    },
    query::{Filter, Listed, Order, Page, PageRequest},
};
use countersign_domain::{
    ChainHash, Change, Credential, Fingerprint, ForcedRevocation, IdempotencyKey, RevocableToken,
    SecretDigest, SecretView, TenantId, Timestamp, TokenId, TokenView, UserId, Version,
};
use uuid::Uuid;

use crate::{
    client::Effect,
    event_row::EventRow,
    page_query::{PagePlan, PageQuery},
    rows::{Micros, TOKEN_SECRETS, Table, Texts, read_each, tokens},
    store::PostgresStore,
};

#[async_trait]
impl TokenStore for PostgresStore {
    async fn get(&self, tenant: TenantId, id: TokenId) -> Result<Option<TokenView>, StoreError> {
        self.records.find((tenant, id)).await
    }

    async fn find(&self, digest: &SecretDigest) -> Result<Option<Credential>, StoreError> {
        self.lookup.find(*digest).await
    }

    async fn secrets(
        &self,
        tenant: TenantId,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Vec<SecretView>, StoreError> {
        let rows = self.link.query(|| {
            sqlx::query!(
                r#"
                SELECT s.digest, s.partial_token, s.created_at AS "created_at: Micros", s.retires_at AS "retires_at: Micros",
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
                let valid_until = row.retires_at.map(|at| table.time("retires_at", at));
                let digest = table.digest("digest", &row.digest).ok();
                Ok(SecretView {
                    digest: digest.map(SecretDigest::from_bytes),
                    partial: table.partial(&row.partial_token)?,
                    created: table.time("created_at", row.created_at)?,
                    valid_until: valid_until.transpose()?,
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
    ) -> Result<Page<TokenView>, StoreError> {
        let _permit = self.permit(self.questions.acquire(tenant, filter)).await?;
        let ask = async |way| {
            let question = PageQuery::new(tenant, filter, order, page, way)?;
            let rows = self.link.query(|| question.query()).await?;
            let total = rows.first().map_or(0, |row| row.total);
            let rows = rows.into_iter().filter_map(|row| row.token);
            let (content, unreadable) = Unreadable::separate(tenant, read_each(rows))?;
            Ok(Page {
                content,
                unreadable,
                total: u64::try_from(total).unwrap_or(0),
            })
        };
        let way = PagePlan::of(filter, order);
        match ask(way).await {
            Ok(found) if way.fell_short(page, &found) => ask(PagePlan::Tokens).await,
            found => found,
        }
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, StoreError> {
        let _permit = self.question_permit(tenant).await?;
        let rows = self.link.query(|| {
            tokens!(
                "t.tenant_id = $1 AND t.id > $2 AND t.revoked_at IS NULL ORDER BY t.id LIMIT $3",
                tenant.as_uuid(),
                after.map_or(Uuid::nil(), |id| *id.as_uuid()),
                i64::from(limit),
            )
        });
        let (content, unreadable) = Unreadable::separate(tenant, read_each(rows.await?))?;
        Ok(Listed {
            content,
            unreadable,
        })
    }

    async fn history(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, StoreError> {
        let _permit = self.question_permit(tenant).await?;
        self.page_of_history(tenant, filter, before, limit).await
    }

    async fn events(
        &self,
        tenant: TenantId,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, StoreError> {
        let _permit = self.question_permit(tenant).await?;
        let rows = self.link.query(|| {
            sqlx::query_as!(
                EventRow,
                r#"
                SELECT e.tenant_id, e.token_id, e.version_after, e.kind, e.at AS "at: Micros", e.by_user,
                       u.name AS "by_name?", e.address, e.request_id, e.version_before, e.changes, e.hash,
                       e.encoding, e.secret_commitment
                FROM (
                    SELECT n.*, sum(length(n.changes)) OVER (ORDER BY n.version_after DESC) AS bytes
                    FROM (
                        SELECT * FROM audit_events
                        WHERE tenant_id = $1 AND token_id = $2 AND version_after <= $3
                        ORDER BY version_after DESC
                        LIMIT $4
                    ) n
                ) e
                LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.by_user
                WHERE e.bytes - length(e.changes) < $5
                ORDER BY e.version_after DESC
                "#,
                tenant.as_uuid(),
                token.as_uuid(),
                before.map_or(i64::MAX, |version| version.get() - 1),
                i64::from(limit),
                i64::from(EVENT_BYTES),
            )
        });
        rows.await?.into_iter().map(EventView::try_from).collect()
    }

    async fn descendants(
        &self,
        tenant: TenantId,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Option<Descendants>, StoreError> {
        self.lineage(tenant, lineage, limit).await
    }

    async fn descends(
        &self,
        tenant: TenantId,
        token: TokenId,
        ancestor: TokenId,
    ) -> Result<bool, StoreError> {
        self.comes_from(tenant, token, ancestor).await
    }

    async fn find_by_idempotency_key(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &IdempotencyKey,
        since: Timestamp,
    ) -> Result<Option<IdempotentResult>, StoreError> {
        let rows = self.link.query(|| {
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
                Ok(IdempotentResult {
                    token: TokenId::from_uuid(row.token_id),
                    fingerprint: Fingerprint::from_bytes(bytes),
                })
            })
        });
        rows.await?.pop().transpose()
    }

    async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        let outcome = self.gather(change).await;
        if matches!(outcome, Ok(()) | Err(CommitError::OutcomeUnknown(_))) {
            self.announce();
            self.search_index.changed();
        }
        outcome
    }

    async fn dry_run(&self, change: &Change) -> Result<(), CommitError> {
        let _permit = self.question_permit(change.authority().tenant).await?;
        self.write((Instant::now(), Effect::DryRun), change).await
    }

    async fn revocable(
        &self,
        tenant: TenantId,
        id: TokenId,
    ) -> Result<Option<RevocableToken>, StoreError> {
        let rows = self.link.query(|| {
            sqlx::query!(
                r#"
                SELECT t.version, t.chain_head,
                       coalesce((SELECT e.version_after FROM audit_events e
                                 WHERE e.tenant_id = t.tenant_id AND e.token_id = t.id
                                 ORDER BY e.version_after DESC LIMIT 1), 0) AS "newest!"
                FROM api_tokens t WHERE t.tenant_id = $1 AND t.id = $2 AND t.revoked_at IS NULL
                "#,
                tenant.as_uuid(),
                id.as_uuid(),
            )
            .map(|row| RevocableToken {
                id,
                version: row.version,
                newest_event: row.newest,
                head: row.chain_head.try_into().ok().map(ChainHash::from_bytes),
            })
        });
        Ok(rows.await?.pop())
    }

    async fn force_revocation(&self, revocation: &ForcedRevocation) -> Result<(), CommitError> {
        let outcome = self.force(revocation).await;
        if matches!(outcome, Ok(()) | Err(CommitError::OutcomeUnknown(_))) {
            self.announce();
        }
        outcome
    }
}
