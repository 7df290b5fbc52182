//! The history of a tenant, newest first, in the order of its index on events.

use countersign_application::ports::{
    EVENT_BYTES, EventFilter, EventPlace, EventView, HISTORY_STEP, History, HistoryRow, StoreError,
    TenantEvent,
};
use countersign_domain::{TenantId, Timestamp, TokenId};
use uuid::Uuid;

use crate::{
    event_row::EventRow,
    rows::{Micros, shown},
    store::PostgresStore,
};

impl PostgresStore {
    pub(crate) async fn page_of_history(
        &self,
        tenant: TenantId,
        filter: &EventFilter,
        before: Option<EventPlace>,
        limit: u8,
    ) -> Result<History, StoreError> {
        let before = before.unwrap_or_else(EventPlace::newest);
        let since = filter.since.unwrap_or(Timestamp::MIN);
        let examined_to = if filter.leaves_out() {
            self.examined_to(tenant, since, before).await?
        } else {
            None
        };
        let oldest = examined_to.map_or((since, Uuid::nil()), |place| {
            (place.at, *place.token.as_uuid())
        });
        let kinds = filter.kind_names();
        let actor = filter.actor.map(|actor| *actor.as_uuid());
        let rows = self.link.query(|| {
            sqlx::query!(
                r#"
                SELECT e.tenant_id, e.token_id, e.version_after, e.kind, e.at AS "at: Micros", e.by_user,
                       u.name AS "by_name?", e.address, e.request_id, e.version_before, e.changes, e.hash,
                       e.encoding, e.secret_commitment, t.name AS "token_name?", e.bytes AS "bytes!"
                FROM (
                    SELECT n.*, sum(length(n.changes))
                               OVER (ORDER BY n.at DESC, n.token_id DESC, n.version_after DESC) AS bytes
                    FROM (
                        SELECT * FROM audit_events
                        WHERE tenant_id = $1 AND (at, token_id, version_after) < ($2, $3, $4)
                          AND (at, token_id) >= ($5, $6)
                          AND ($7::uuid IS NULL OR by_user = $7)
                          AND (cardinality($8::text[]) = 0 OR kind = ANY ($8))
                        ORDER BY at DESC, token_id DESC, version_after DESC
                        LIMIT $9
                    ) n
                ) e
                LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.by_user
                LEFT JOIN api_tokens t ON t.tenant_id = e.tenant_id AND t.id = e.token_id
                WHERE e.bytes - length(e.changes) < $10
                ORDER BY e.at DESC, e.token_id DESC, e.version_after DESC
                "#,
                tenant.as_uuid(),
                before.at.to_utc(),
                before.token.as_uuid(),
                before.version,
                oldest.0.to_utc(),
                oldest.1,
                actor,
                &kinds as &[&str],
                i64::from(limit) + 1,
                i64::from(EVENT_BYTES),
            )
            .map(|row| {
                let name = row.token_name;
                let bytes = row.bytes;
                let row = EventRow {
                    tenant_id: row.tenant_id,
                    token_id: row.token_id,
                    version_after: row.version_after,
                    kind: row.kind,
                    at: row.at,
                    by_user: row.by_user,
                    by_name: row.by_name,
                    address: row.address,
                    request_id: row.request_id,
                    version_before: row.version_before,
                    changes: row.changes,
                    hash: row.hash,
                    encoding: row.encoding,
                    secret_commitment: row.secret_commitment,
                };
                read(row, name.as_deref(), bytes)
            })
        });
        History::of_rows(tenant, rows.await?, limit, examined_to)
    }

    /// The position at which the examination ends, if there are older events.
    async fn examined_to(
        &self,
        tenant: TenantId,
        since: Timestamp,
        before: EventPlace,
    ) -> Result<Option<EventPlace>, StoreError> {
        let rows = self.link.query(|| {
            sqlx::query!(
                r#"
                SELECT at AS "at: Micros", token_id FROM audit_events
                WHERE tenant_id = $1 AND (at, token_id, version_after) < ($2, $3, $4) AND at >= $5
                ORDER BY at DESC, token_id DESC OFFSET $6 LIMIT 1
                "#,
                tenant.as_uuid(),
                before.at.to_utc(),
                before.token.as_uuid(),
                before.version,
                since.to_utc(),
                i64::from(HISTORY_STEP),
            )
            .map(|row| (row.at.read(), TokenId::from_uuid(row.token_id)))
        });
        // An instant outside the calendar is also outside the bounds.
        let last = rows.await?.pop();
        Ok(last.and_then(|(at, token)| Some(EventPlace::end_of(at?, token))))
    }
}

fn read(row: EventRow, token_name: Option<&str>, bytes: i64) -> HistoryRow {
    HistoryRow {
        place: EventPlace {
            // Only instants within the calendar are selected.
            at: row.at.read().unwrap_or(Timestamp::MIN),
            token: TokenId::from_uuid(row.token_id),
            version: row.version_after,
        },
        bytes,
        event: EventView::try_from(row).map(|view| TenantEvent {
            view,
            token_name: shown(token_name.unwrap_or_default()).into(),
        }),
    }
}
