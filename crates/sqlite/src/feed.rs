//! The feed of changes: the audit table in the order in which its rows were written. There is one
//! writer at a time, so that is the order of commits, and the number of the last row read is a
//! position from which nothing is missed.

use std::{pin::Pin, sync::Arc};

use async_trait::async_trait;
use countersign_application::ports::{
    ChangeBatch, ChangeFeed, FEED_CHANGES_BYTES, FeedError, FeedPosition, InvalidPosition,
    StoreError, TokenChanged,
};
use countersign_domain::{TenantId, TokenId};
use tokio::sync::Notify;

use crate::{
    SqliteStore,
    error::{store_error, within},
    rows::{Column, Text},
};

/// Wakes waiting readers when this process stored a change. Changes by another process in the same
/// file are found by polling.
#[derive(Debug, Clone, Default)]
pub(crate) struct CommitNotifier(Arc<Notify>);

impl CommitNotifier {
    pub(crate) fn notify(&self) {
        self.0.notify_waiters();
        // For a reader that is between two waits. Without one, the next wait ends at once without a
        // reason.
        self.0.notify_one();
    }
}

#[async_trait]
impl ChangeFeed for SqliteStore {
    async fn position(&self) -> Result<FeedPosition, StoreError> {
        within(async { place(self.last().await?) }).await
    }

    async fn since(&self, position: &FeedPosition, limit: u16) -> Result<ChangeBatch, FeedError> {
        let behind = number(position)?;
        let most = i64::from(limit) + 1;
        let rows = sqlx::query_as!(
            NewsRow,
            r#"SELECT rowid AS "number!: i64", tenant_id, token_id, version_after, kind AS "kind: Text", at,
            CASE WHEN length(CAST(changes AS BLOB)) <= ?3 THEN changes END AS "changes?: Text"
            FROM audit_events WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"#,
            behind,
            most,
            FEED_CHANGES_BYTES
        );
        within(async {
            let rows = rows.fetch_all(&self.readers).await.map_err(store_error)?;
            if rows.len() > usize::from(limit) {
                let position = place(self.last().await?)?;
                let changes = None;
                return Ok(ChangeBatch { changes, position });
            }
            let end = match rows.last() {
                Some(row) => row.number,
                // A position after the last row does not exist yet: it comes from another file, or
                // from this one before an older state was restored.
                None if behind > self.last().await? => return Err(InvalidPosition.into()),
                None => behind,
            };
            // An unreadable change must not stop the feed.
            let changes = rows.into_iter().map(TokenChanged::try_from);
            let changes: Result<_, StoreError> = changes.collect();
            Ok(ChangeBatch {
                changes: changes.ok(),
                position: place(end)?,
            })
        })
        .await
    }

    /// It counts from the call, not from the first poll, so that a reader that calls it, then
    /// reads, and then waits misses nothing.
    fn wait_for_change<'wait, 'async_trait>(
        &'wait self,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'async_trait>>
    where
        'wait: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.writer.commits.0.notified())
    }
}

impl SqliteStore {
    /// The number of the last row; rows are numbered from 1 without a gap.
    async fn last(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar!(r#"SELECT coalesce(max(rowid), 0) AS "last!: i64" FROM audit_events"#)
            .fetch_one(&self.readers)
            .await
            .map_err(store_error)
    }
}

fn place(number: i64) -> Result<FeedPosition, StoreError> {
    let text = number.to_string().parse();
    text.map_err(|error: InvalidPosition| StoreError::Unavailable(Box::new(error)))
}

/// A position has only one spelling.
fn number(position: &FeedPosition) -> Result<i64, InvalidPosition> {
    let number: i64 = position.as_str().parse().map_err(|_| InvalidPosition)?;
    if number >= 0 && number.to_string() == position.as_str() {
        Ok(number)
    } else {
        Err(InvalidPosition)
    }
}

struct NewsRow {
    number: i64,
    tenant_id: Vec<u8>,
    token_id: Vec<u8>,
    version_after: i64,
    kind: Text,
    at: i64,
    changes: Option<Text>,
}

impl TryFrom<NewsRow> for TokenChanged {
    type Error = StoreError;

    fn try_from(row: NewsRow) -> Result<Self, StoreError> {
        let event = |column| Column("audit_events", column);
        Ok(Self {
            tenant: TenantId::from_uuid(event("tenant_id").id(&row.tenant_id)?),
            token: TokenId::from_uuid(event("token_id").id(&row.token_id)?),
            version: event("version_after").version(row.version_after)?,
            kind: event("kind").parse(&row.kind)?,
            at: event("at").time(row.at)?,
            changes: row
                .changes
                .as_ref()
                .and_then(|changes| changes.as_str())
                .map(Into::into),
        })
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
