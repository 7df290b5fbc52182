//! The feed of changes, read from the history itself, which no reader can fall behind too far to
//! read.
//!
//! Transaction ids that this server has not reached come from another one, with a backup that was
//! restored into it. They say nothing about changes here, and are ignored until the server reaches
//! them.
//!
//! A server in recovery shows commits out of the order of its snapshots, so that a position there
//! would skip events silently: every read of the feed fails on one.

use std::{future, time::Duration};

use async_trait::async_trait;
use countersign_application::ports::{
    ChangeBatch, ChangeFeed, FEED_CHANGES_BYTES, FeedError, FeedPosition, InvalidPosition,
    StoreError, TokenChanged,
};
use countersign_domain::{TenantId, TokenId};

use crate::{
    error::require_primary,
    feed_cursor::FeedCursor,
    rows::{AUDIT_EVENTS, Micros},
    store::PostgresStore,
};

// In these statements `ORDER BY tx` beside `tx::text` would sort by the text, because the output
// column has that name: wrongly, and through all of the index. So the table's column always has the
// table's name.

/// The time-out of a read of the feed: its callers give up soon anyway.
const LOOK: Duration = Duration::from_secs(1);

#[async_trait]
impl ChangeFeed for PostgresStore {
    async fn position(&self) -> Result<FeedPosition, StoreError> {
        let place = self.aside.query_within(LOOK, || {
            sqlx::query!(
                r#"
                SELECT pg_is_in_recovery() AS "in_recovery!", pg_current_snapshot()::text AS "snapshot!",
                       (SELECT e.tx::text FROM audit_events e WHERE e.tx < pg_snapshot_xmax(pg_current_snapshot())
                        ORDER BY e.tx DESC LIMIT 1) AS newest
                "#
            )
            .try_map(|row| {
                require_primary(row.in_recovery)?;
                Ok(FeedCursor::of(row.newest.as_deref(), &row.snapshot))
            })
        });
        let place = place.await?.pop().flatten();
        AUDIT_EVENTS.column("tx", place.and_then(|place| place.position()))
    }

    async fn since(&self, position: &FeedPosition, limit: u16) -> Result<ChangeBatch, FeedError> {
        let before = FeedCursor::parse(position).ok_or(InvalidPosition)?;
        let (next, running) = (before.next(), before.running());
        let rows = self.aside.query_within(LOOK, || {
            sqlx::query!(
                r#"
                SELECT pg_is_in_recovery() AS in_recovery, pg_current_snapshot()::text AS snapshot,
                       (SELECT e.tx::text FROM audit_events e WHERE e.tx < pg_snapshot_xmax(pg_current_snapshot())
                        ORDER BY e.tx DESC LIMIT 1) AS newest,
                       NULL::uuid AS tenant_id, NULL::uuid AS token_id, NULL::bigint AS version_after, NULL AS kind,
                       NULL::timestamptz AS "at: Micros", NULL AS changes
                UNION ALL
                (SELECT NULL, NULL, NULL, tenant_id, token_id, version_after, kind, at,
                        CASE WHEN octet_length(changes) <= $4 THEN changes END
                 FROM audit_events
                 WHERE tx >= $1::text::xid8 AND tx < pg_snapshot_xmax(pg_current_snapshot()) ORDER BY tx LIMIT $3)
                UNION ALL
                (SELECT NULL, NULL, NULL, tenant_id, token_id, version_after, kind, at,
                        CASE WHEN octet_length(changes) <= $4 THEN changes END
                 FROM audit_events
                 WHERE tx = ANY ($2::text[]::xid8[]) ORDER BY tx LIMIT $3)
                ORDER BY token_id NULLS FIRST, version_after
                "#,
                next,
                &running,
                i64::from(limit) + 1,
                i32::try_from(FEED_CHANGES_BYTES).unwrap_or(i32::MAX),
            )
            .try_map(|row| {
                require_primary(row.in_recovery == Some(true))?;
                Ok(row)
            })
        });
        let mut rows = rows.await.map_err(StoreError::from)?.into_iter();
        let here = rows
            .next()
            .and_then(|row| FeedCursor::of(row.newest.as_deref(), &row.snapshot?));
        let here = AUDIT_EVENTS.column("tx", here)?;
        if !here.follows(&before) {
            return Err(InvalidPosition.into());
        }
        let position = AUDIT_EVENTS.column("tx", here.position())?;
        if rows.len() > usize::from(limit) {
            let changes = None;
            return Ok(ChangeBatch { changes, position });
        }
        let changes = rows.map(|row| {
            let table = AUDIT_EVENTS;
            Ok(TokenChanged {
                tenant: TenantId::from_uuid(table.column("tenant_id", row.tenant_id)?),
                token: TokenId::from_uuid(table.column("token_id", row.token_id)?),
                version: table.version(
                    "version_after",
                    table.column("version_after", row.version_after)?,
                )?,
                kind: table.column("kind", row.kind.and_then(|kind| kind.parse().ok()))?,
                at: table.time("at", table.column("at", row.at)?)?,
                changes: row.changes.map(Into::into),
            })
        });
        // An unreadable change must not stop the feed: then any token may have changed.
        let changes: Result<_, StoreError> = changes.collect();
        Ok(ChangeBatch {
            changes: changes.ok(),
            position,
        })
    }

    async fn wait_for_change(&self) {
        match &self.wake {
            Some(wake) => wake.wait_for_change().await,
            None => future::pending().await,
        }
    }
}
