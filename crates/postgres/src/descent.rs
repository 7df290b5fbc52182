//! Descent of tokens, by the events of creations and rotations. The server follows both directions,
//! because with a round trip for each generation a long chain of creators would exceed the
//! deadline.

use countersign_application::{
    ports::{Descendant, Descendants, Lineage, Origin, StoreError},
    query::Filter,
};
use countersign_domain::{TenantId, Timestamp, TokenId, TokenName, Version};
use uuid::Uuid;

use crate::{
    rows::{AUDIT_EVENTS, Micros},
    store::PostgresStore,
};

/// A token of a lineage.
struct Row {
    id: Uuid,
    live: bool,
    name: String,
    version: i64,
    created_at: Micros,
    kind: Option<String>,
    by_token: Option<Uuid>,
    total: i64,
}

impl PostgresStore {
    pub(crate) async fn lineage(
        &self,
        tenant: TenantId,
        lineage: Lineage,
        limit: u32,
    ) -> Result<Option<Descendants>, StoreError> {
        let every = Filter::All(Vec::new());
        let _permit = self.permit(self.lineages.acquire(tenant, &every)).await?;
        let head = *lineage.token.as_uuid();
        // The server numbers the results in the order in which it finds them: one generation after
        // the other. It estimates badly how many rows a recursion finds. So each step is a LATERAL,
        // which leaves it only a search in an index, and positions and origins are combined by
        // grouping: in a join, each would be compared with all others.
        let rows = self.link.query_long(|| {
            sqlx::query_as!(
                Row,
                r#"
                WITH RECURSIVE found (token_id, user_id) AS (
                    SELECT id, user_id FROM api_tokens WHERE tenant_id = $1 AND id = $2
                    UNION
                    SELECT t.id, t.user_id
                    FROM found f
                    CROSS JOIN LATERAL (
                        SELECT e.token_id FROM audit_events e
                        WHERE e.tenant_id = $1 AND e.by_user = f.user_id AND e.kind IN ('created', 'rotated')
                          AND e.at >= coalesce($3::timestamptz, '-infinity')
                        ORDER BY e.at OFFSET 0
                    ) e
                    CROSS JOIN LATERAL (
                        SELECT t.id, t.user_id FROM api_tokens t
                        WHERE t.tenant_id = $1 AND t.id = e.token_id OFFSET 0
                    ) t
                ), known (token_id, place, at, kind, by_token) AS (
                    SELECT token_id, row_number() OVER (), NULL::timestamptz, NULL::text, NULL::uuid FROM found
                    UNION ALL
                    SELECT e.token_id, NULL, e.at, e.kind, f.token_id
                    FROM found f
                    CROSS JOIN LATERAL (
                        SELECT e.token_id, e.at, e.kind FROM audit_events e
                        WHERE e.tenant_id = $1 AND e.by_user = f.user_id AND e.kind IN ('created', 'rotated')
                          AND e.at >= coalesce($3::timestamptz, '-infinity') AND e.token_id <> $2
                        ORDER BY e.at OFFSET 0
                    ) e
                ), grouped AS (
                    SELECT token_id, min(place) AS place,
                           (array_agg(kind ORDER BY at) FILTER (WHERE at IS NOT NULL))[1] AS kind,
                           (array_agg(by_token ORDER BY at) FILTER (WHERE at IS NOT NULL))[1] AS by_token
                    FROM known
                    GROUP BY token_id
                )
                SELECT t.id, t.revoked_at IS NULL AS "live!", t.name, t.version, t.created_at AS "created_at: Micros",
                       g.kind AS "kind?", g.by_token AS "by_token?",
                       count(*) FILTER (WHERE t.revoked_at IS NULL) OVER () AS "total!"
                FROM grouped g
                CROSS JOIN LATERAL (
                    SELECT t.id, t.revoked_at, t.name, t.version, t.created_at FROM api_tokens t
                    WHERE t.tenant_id = $1 AND t.id = g.token_id AND (t.revoked_at IS NULL OR t.id = $2) OFFSET 0
                ) t
                ORDER BY t.id <> $2, g.place
                LIMIT $4
                "#,
                tenant.as_uuid(),
                head,
                lineage.since.map(Timestamp::to_utc),
                // The head always has a row.
                i64::from(limit) + 1,
            )
        });
        let rows = rows.await?;
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
        let found = self.link.query(|| {
            sqlx::query!(
                r#"
                WITH RECURSIVE up (token_id) AS (
                    SELECT $2::uuid
                    UNION
                    SELECT t.id
                    FROM up u
                    CROSS JOIN LATERAL (
                        SELECT e.by_user FROM audit_events e
                        WHERE e.tenant_id = $1 AND e.token_id = u.token_id AND e.kind IN ('created', 'rotated')
                        OFFSET 0
                    ) e
                    CROSS JOIN LATERAL (
                        SELECT t.id FROM api_tokens t WHERE t.tenant_id = $1 AND t.user_id = e.by_user OFFSET 0
                    ) t
                )
                SELECT EXISTS (SELECT FROM up WHERE token_id = $3) AS "found!"
                "#,
                tenant.as_uuid(),
                token.as_uuid(),
                ancestor.as_uuid(),
            )
            .map(|row| row.found)
        });
        Ok(found.await?.pop().unwrap_or_default())
    }
}

impl TryFrom<Row> for Descendant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let origin = row.kind.zip(row.by_token).map(|(kind, by)| {
            Ok::<_, StoreError>(Origin {
                kind: AUDIT_EVENTS.column("kind", kind.parse().ok())?,
                by: TokenId::from_uuid(by),
            })
        });
        Ok(Self {
            id: TokenId::from_uuid(row.id),
            origin: origin.transpose()?,
            name: TokenName::stored(&row.name).ok(),
            version: Version::try_from(row.version).ok(),
            created: row.created_at.read(),
        })
    }
}
