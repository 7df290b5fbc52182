//! The history of a tenant, newest first, in the order of its index.

use countersign_application::ports::{
    EVENT_BYTES, EventFilter, EventPlace, EventView, HISTORY_STEP, History, HistoryRow, StoreError,
    TenantEvent,
};
use countersign_domain::{TenantId, Timestamp, TokenId};
use sqlx::types::Uuid;

use crate::{
    SqliteStore,
    error::{store_error, within},
    rows::{EventRow, Text},
};

impl SqliteStore {
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
        let (oldest, last) = examined_to.map_or((since, Uuid::nil()), |place| {
            (place.at, *place.token.as_uuid())
        });
        let kinds = filter.kind_names();
        let any_kind = kinds.is_empty();
        let kinds = serde_json::Value::from(kinds).to_string();
        let actor = filter.actor.map(|actor| *actor.as_uuid());
        let home = tenant.as_uuid();
        let (at, oldest) = (before.at.as_micros(), oldest.as_micros());
        let (token, version) = (before.token.as_uuid(), before.version);
        let (rows, bytes) = (i64::from(limit) + 1, i64::from(EVENT_BYTES));
        let rows = sqlx::query!(
            "SELECT e.tenant_id, e.token_id, e.version_after AS \"version_after!\", e.kind AS \"kind: Text\", e.at, \
             e.by_user, u.name AS \"by_name?: Text\", e.address AS \"address?: Text\", \
             e.request_id AS \"request_id: Text\", e.version_before AS \"version_before?\", \
             e.changes AS \"changes: Text\", e.hash, e.encoding, e.secret_commitment, \
             t.name AS \"token_name?: Text\", e.bytes AS \"bytes!: i64\" \
             FROM (SELECT *, sum(length(changes)) \
                       OVER (ORDER BY at DESC, token_id DESC, version_after DESC) AS bytes \
                   FROM (SELECT * FROM audit_events \
                         WHERE tenant_id = ? AND (at, token_id, version_after) < (?, ?, ?) \
                         AND (at, token_id) >= (?, ?) AND length(token_id) = 16 \
                         AND (? IS NULL OR by_user = ?) \
                         AND (? OR kind IN (SELECT value FROM json_each(?))) \
                         ORDER BY at DESC, token_id DESC, version_after DESC LIMIT ?)) e \
             LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.by_user \
             LEFT JOIN api_tokens t ON t.tenant_id = e.tenant_id AND t.id = e.token_id \
             WHERE e.bytes - length(e.changes) < ? \
             ORDER BY e.at DESC, e.token_id DESC, e.version_after DESC",
            home,
            at,
            token,
            version,
            oldest,
            last,
            actor,
            actor,
            any_kind,
            kinds,
            rows,
            bytes
        )
        .map(|row| {
            let (name, bytes) = (row.token_name, row.bytes);
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
            read(row, name.as_ref(), bytes)
        });
        let rows = within(async { rows.fetch_all(&self.pages).await.map_err(store_error) });
        History::of_rows(tenant, rows.await?, limit, examined_to)
    }

    /// The position at which the examination ends, if there are older events.
    async fn examined_to(
        &self,
        tenant: TenantId,
        since: Timestamp,
        before: EventPlace,
    ) -> Result<Option<EventPlace>, StoreError> {
        let (home, at) = (tenant.as_uuid(), before.at.as_micros());
        let (token, version) = (before.token.as_uuid(), before.version);
        let (since, step) = (since.as_micros(), HISTORY_STEP);
        let last = sqlx::query!(
            "SELECT at, token_id FROM audit_events \
             WHERE tenant_id = ? AND (at, token_id, version_after) < (?, ?, ?) AND at >= ? \
             ORDER BY at DESC, token_id DESC LIMIT 1 OFFSET ?",
            home,
            at,
            token,
            version,
            since,
            step
        );
        let last = within(async { last.fetch_optional(&self.pages).await.map_err(store_error) });
        // An instant outside the calendar is also outside the bounds.
        Ok(last.await?.and_then(|row| {
            let token = TokenId::from_uuid(Uuid::from_slice(&row.token_id).ok()?);
            Some(EventPlace::end_of(Timestamp::from_micros(row.at)?, token))
        }))
    }
}

fn read(row: EventRow, token_name: Option<&Text>, bytes: i64) -> HistoryRow {
    let token = Uuid::from_slice(&row.token_id).unwrap_or_default();
    HistoryRow {
        place: EventPlace {
            // Only instants within the calendar and ids are selected.
            at: Timestamp::from_micros(row.at).unwrap_or(Timestamp::MIN),
            token: TokenId::from_uuid(token),
            version: row.version_after,
        },
        bytes,
        event: EventView::try_from(row).map(|view| TenantEvent {
            view,
            token_name: token_name.map_or("", Text::shown).into(),
        }),
    }
}
