//! Reads of tokens, each in one statement except the page of a query.

use async_trait::async_trait;
use countersign_application::{
    ports::{
        CommitError, Descendants, EVENT_BYTES, EventFilter, EventPlace, EventView, History,
        IdempotentResult, Lineage, StoreError, TokenStore, Unreadable,
    },
    query::{Filter, Listed, Order, Page, PageRequest},
};
use countersign_domain::{
    ChainHash, Change, Credential, ForcedRevocation, IdempotencyKey, RevocableToken, SecretDigest,
    SecretView, TenantId, Timestamp, TokenId, TokenView, UserId, Version,
};

use crate::{
    SqliteStore,
    error::{store_error, within},
    rows::{CredentialRow, EventRow, Text, checked, made, read_each, tokens},
    usage::SecretRow,
};

#[async_trait]
impl TokenStore for SqliteStore {
    async fn get(&self, tenant: TenantId, id: TokenId) -> Result<Option<TokenView>, StoreError> {
        let (tenant, id) = (tenant.as_uuid(), id.as_uuid());
        let row = tokens!(
            checked,
            "t.revoked_at IS NULL AND t.tenant_id = ? AND t.id = ?",
            (tenant, id)
        );
        let row = within(async { row.fetch_optional(&self.readers).await.map_err(store_error) });
        row.await?.map(TokenView::try_from).transpose()
    }

    async fn find(&self, digest: &SecretDigest) -> Result<Option<Credential>, StoreError> {
        let digest = &digest.as_bytes()[..];
        let row = sqlx::query_as!(
            CredentialRow,
            "SELECT t.tenant_id, t.id, t.version, t.user_id, u.name AS \"user_name: Text\", \
             t.permissions AS \"permissions: Text\", \
             t.allowed_addresses AS \"allowed_addresses: Text\", t.owner AS \"owner: Text\", \
             t.metadata AS \"metadata: Text\", t.expiry, s.retires_at, t.created_at, t.modified_at \
             FROM token_secrets s \
             JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id \
             JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id \
             WHERE s.digest = ? AND t.revoked_at IS NULL AND u.closed_at IS NULL",
            digest
        );
        let row = within(async { row.fetch_optional(&self.readers).await.map_err(store_error) });
        row.await?.map(Credential::try_from).transpose()
    }

    async fn secrets(
        &self,
        tenant: TenantId,
        id: TokenId,
        now: Timestamp,
    ) -> Result<Vec<SecretView>, StoreError> {
        let (tenant, id, now) = (tenant.as_uuid(), id.as_uuid(), now.as_micros());
        // The one without an end is the newest, even if two were made at one instant.
        let rows = sqlx::query_as!(
            SecretRow,
            "SELECT s.digest, s.partial_token AS \"partial_token: Text\", s.created_at, s.retires_at, \
             s.last_used_at, s.last_used_address AS \"last_used_address: Text\" \
             FROM token_secrets s \
             JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id \
             WHERE s.tenant_id = ? AND s.token_id = ? AND t.revoked_at IS NULL \
             AND (s.retires_at IS NULL OR s.retires_at > ?) \
             ORDER BY s.retires_at IS NOT NULL, s.created_at DESC",
            tenant,
            id,
            now
        );
        let rows = within(async { rows.fetch_all(&self.readers).await.map_err(store_error) });
        rows.await?.into_iter().map(SecretView::try_from).collect()
    }

    async fn query(
        &self,
        tenant: TenantId,
        filter: &Filter,
        order: &[Order],
        page: PageRequest,
    ) -> Result<Page<TokenView>, StoreError> {
        self.page(tenant, filter, order, page).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<TokenId>,
        limit: u8,
    ) -> Result<Listed, StoreError> {
        // No blob sorts before the empty one.
        let after = after.map_or(Vec::new(), |id| id.as_uuid().as_bytes().to_vec());
        let home = tenant.as_uuid();
        let rows = tokens!(
            checked,
            "t.revoked_at IS NULL AND t.tenant_id = ? AND t.id > ? AND length(t.id) = 16 \
             ORDER BY t.id LIMIT ?",
            (home, after, limit)
        );
        let _permit = self.page_permit(tenant).await?;
        let rows = within(async { rows.fetch_all(&self.pages).await.map_err(store_error) });
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
        let _permit = self.page_permit(tenant).await?;
        self.page_of_history(tenant, filter, before, limit).await
    }

    async fn events(
        &self,
        tenant: TenantId,
        token: TokenId,
        before: Option<Version>,
        limit: u8,
    ) -> Result<Vec<EventView>, StoreError> {
        let _permit = self.page_permit(tenant).await?;
        let (tenant, token) = (tenant.as_uuid(), token.as_uuid());
        // The largest version is never reached, so nothing is left out.
        let before = before.map_or(i64::MAX, Version::get);
        let rows = sqlx::query_as!(
            EventRow,
            "SELECT e.tenant_id, e.token_id, e.version_after AS \"version_after!\", e.kind AS \"kind: Text\", e.at, \
             e.by_user, u.name AS \"by_name?: Text\", e.address AS \"address?: Text\", \
             e.request_id AS \"request_id: Text\", e.version_before AS \"version_before?\", \
             e.changes AS \"changes: Text\", e.hash, \
             e.encoding, e.secret_commitment \
             FROM (SELECT *, sum(length(changes)) OVER (ORDER BY version_after DESC) AS bytes \
                   FROM (SELECT * FROM audit_events \
                         WHERE tenant_id = ? AND token_id = ? AND version_after < ? \
                         ORDER BY version_after DESC LIMIT ?)) e \
             LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.by_user \
             WHERE e.bytes - length(e.changes) < ? ORDER BY e.version_after DESC",
            tenant,
            token,
            before,
            limit,
            EVENT_BYTES
        );
        let rows = within(async { rows.fetch_all(&self.pages).await.map_err(store_error) });
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
        let (tenant, user, key) = (tenant.as_uuid(), user.as_uuid(), key.as_str());
        let since = since.as_micros();
        let row = sqlx::query!(
            "SELECT token_id, fingerprint FROM idempotency_keys \
             WHERE tenant_id = ? AND user_id = ? AND key = ? AND created_at >= ?",
            tenant,
            user,
            key,
            since
        );
        let row = within(async { row.fetch_optional(&self.readers).await.map_err(store_error) });
        row.await?
            .map(|row| made(&row.token_id, &row.fingerprint))
            .transpose()
    }

    async fn commit(&self, change: &Change) -> Result<(), CommitError> {
        self.store(change).await
    }

    async fn dry_run(&self, change: &Change) -> Result<(), CommitError> {
        let _permit = self.question_permit(change.authority().tenant).await?;
        self.undo(change).await
    }

    async fn revocable(
        &self,
        tenant: TenantId,
        id: TokenId,
    ) -> Result<Option<RevocableToken>, StoreError> {
        let (tenant, token) = (tenant.as_uuid(), id.as_uuid());
        let row = sqlx::query!(
            r#"SELECT t.version, t.chain_head,
            coalesce((SELECT e.version_after FROM audit_events e
                      WHERE e.tenant_id = t.tenant_id AND e.token_id = t.id
                      ORDER BY e.version_after DESC LIMIT 1), 0) AS "newest!: i64"
            FROM api_tokens t WHERE t.tenant_id = ? AND t.id = ? AND t.revoked_at IS NULL"#,
            tenant,
            token
        );
        let row = within(async { row.fetch_optional(&self.readers).await.map_err(store_error) });
        Ok(row.await?.map(|row| RevocableToken {
            id,
            version: row.version,
            newest_event: row.newest,
            head: row.chain_head.try_into().ok().map(ChainHash::from_bytes),
        }))
    }

    async fn force_revocation(&self, revocation: &ForcedRevocation) -> Result<(), CommitError> {
        self.force(revocation).await
    }
}
