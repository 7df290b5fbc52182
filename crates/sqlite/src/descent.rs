//! Descent of tokens, by the events of creations and rotations. `CROSS JOIN` keeps the order of the
//! tables, so that each step is a search in an index; the rows of a recursion come one generation
//! after the other.

use countersign_application::{
    ports::{Descendant, Descendants, Lineage, Origin, StoreError},
    query::Filter,
};
use countersign_domain::{TenantId, Timestamp, TokenId, TokenName, Version};

use crate::{
    SqliteStore,
    error::{store_error, within},
    rows::{Column, Text},
};

/// A token of a lineage.
struct Row {
    id: Vec<u8>,
    live: bool,
    name: Text,
    version: i64,
    created_at: i64,
    kind: Option<String>,
    by_token: Option<Vec<u8>>,
    total: i64,
}

impl SqliteStore {
    pub(crate) async fn lineage(
        &self,
        tenant: TenantId,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Option<Descendants>, StoreError> {
        let every = Filter::All(Vec::new());
        let _permit = self.permit(self.lineages.acquire(tenant, &every)).await?;
        let (tenant, head) = (tenant.as_uuid(), lineage.token.as_uuid());
        let since = lineage.since.map_or(i64::MIN, Timestamp::as_micros);
        // The head always has a row.
        let most = i64::from(limit) + 1;
        let rows = sqlx::query_as!(
            Row,
            r#"WITH RECURSIVE found (token_id, user_id) AS (
                SELECT id, user_id FROM api_tokens WHERE tenant_id = ?1 AND id = ?2
                UNION
                SELECT t.id, t.user_id
                FROM found f CROSS JOIN audit_events e CROSS JOIN api_tokens t
                WHERE e.tenant_id = ?1 AND e.by_user = f.user_id
                  AND e.kind IN ('created', 'rotated') AND e.at >= ?3
                  AND t.tenant_id = ?1 AND t.id = e.token_id
            ), placed AS (
                SELECT token_id, row_number() OVER () AS place FROM found
            ), origins AS (
                SELECT e.token_id, e.kind, f.token_id AS by_token, min(e.at)
                FROM found f CROSS JOIN audit_events e
                WHERE e.tenant_id = ?1 AND e.by_user = f.user_id
                  AND e.kind IN ('created', 'rotated') AND e.at >= ?3 AND e.token_id <> ?2
                GROUP BY e.token_id
            )
            SELECT t.id AS "id!: Vec<u8>", t.revoked_at IS NULL AS "live!: bool",
                   t.name AS "name: Text", t.version AS "version!: i64",
                   t.created_at AS "created_at!: i64", o.kind AS "kind?: String",
                   o.by_token AS "by_token?: Vec<u8>",
                   count(*) FILTER (WHERE t.revoked_at IS NULL) OVER () AS "total!: i64"
            FROM placed p
            CROSS JOIN api_tokens t
            LEFT JOIN origins o ON o.token_id = p.token_id
            WHERE t.tenant_id = ?1 AND t.id = p.token_id AND (t.revoked_at IS NULL OR t.id = ?2)
            ORDER BY t.id <> ?2, p.place
            LIMIT ?4"#,
            tenant,
            head,
            since,
            most
        );
        let rows = within(async { rows.fetch_all(&self.pages).await.map_err(store_error) }).await?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let total = first.total.unsigned_abs();
        let live = rows.into_iter().filter(|row| row.live);
        let tokens = live.take(limit as usize).map(Descendant::try_from);
        Ok(Some(Descendants {
            total,
            tokens: tokens.collect::<Result<_, _>>()?,
        }))
    }

    pub(crate) async fn comes_from(
        &self,
        tenant: TenantId,
        token: TokenId,
        ancestor: TokenId,
    ) -> Result<bool, StoreError> {
        // A long chain takes a while, and a refused caller pays nothing for it, so it needs a
        // permit.
        let _permit = self.question_permit(tenant).await?;
        let (tenant, token) = (tenant.as_uuid(), token.as_uuid());
        let ancestor = ancestor.as_uuid();
        let found = sqlx::query_scalar!(
            r#"WITH RECURSIVE up (token_id) AS (
                SELECT ?2
                UNION
                SELECT t.id
                FROM up u CROSS JOIN audit_events e CROSS JOIN api_tokens t
                WHERE e.tenant_id = ?1 AND e.token_id = u.token_id
                  AND e.kind IN ('created', 'rotated')
                  AND t.tenant_id = ?1 AND t.user_id = e.by_user
            )
            SELECT EXISTS (SELECT 1 FROM up WHERE token_id = ?3) AS "found!: bool""#,
            tenant,
            token,
            ancestor
        );
        within(async { found.fetch_one(&self.pages).await.map_err(store_error) }).await
    }
}

impl TryFrom<Row> for Descendant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let column = |name| Column("audit_events", name);
        let origin = row.kind.zip(row.by_token).map(|(kind, by)| {
            Ok::<_, StoreError>(Origin {
                kind: column("kind").check(kind.parse())?,
                by: TokenId::from_uuid(column("token_id").id(&by)?),
            })
        });
        Ok(Self {
            id: TokenId::from_uuid(Column("api_tokens", "id").id(&row.id)?),
            origin: origin.transpose()?,
            name: row
                .name
                .as_str()
                .and_then(|name| TokenName::stored(name).ok()),
            version: Version::try_from(row.version).ok(),
            created: Timestamp::from_micros(row.created_at),
        })
    }
}

#[cfg(test)]
#[path = "descent_tests.rs"]
mod tests;
