//! The port of last uses. Each statement takes its rows in the order of their keys, so that nodes
//! that write the same rows wait for each other at worst, and never in a circle.

use std::{cmp::Reverse, time::Instant};

use async_trait::async_trait;
use countersign_application::ports::{StoreError, UsageRecord, UsageStore};
use sqlx::types::chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::store::PostgresStore;

/// The maximum number of uses in one statement: about 20 ms of work.
const BATCH: usize = 1000;

#[async_trait]
impl UsageStore for PostgresStore {
    async fn record(&self, uses: &[UsageRecord]) -> Result<(), StoreError> {
        let mut uses: Vec<&UsageRecord> = uses.iter().collect();
        uses.sort_unstable_by_key(|used| *used.digest.as_bytes());
        for batch in uses.chunks(BATCH) {
            self.of_secrets(&Columns::of(batch)).await?;
        }
        uses.sort_unstable_by_key(|used| (used.tenant, used.token, Reverse(used.at)));
        uses.dedup_by_key(|used| (used.tenant, used.token));
        for batch in uses.chunks(BATCH) {
            self.of_tokens(&Columns::of(batch)).await?;
        }
        Ok(())
    }
}

/// Uses as parameters of a statement: a list for each column.
#[derive(Default)]
struct Columns {
    digests: Vec<Vec<u8>>,
    tenants: Vec<Uuid>,
    tokens: Vec<Uuid>,
    times: Vec<DateTime<Utc>>,
    addresses: Vec<Option<String>>,
}

impl Columns {
    fn of(uses: &[&UsageRecord]) -> Self {
        let mut columns = Self::default();
        for used in uses {
            columns.digests.push(used.digest.as_bytes().to_vec());
            columns.tenants.push(*used.tenant.as_uuid());
            columns.tokens.push(*used.token.as_uuid());
            columns.times.push(used.at.to_utc());
            let address = used.address.map(|address| address.to_string());
            columns.addresses.push(address);
        }
        columns
    }
}

impl PostgresStore {
    async fn of_secrets(&self, uses: &Columns) -> Result<(), StoreError> {
        let told = self.link.execute(Instant::now(), || {
            sqlx::query!(
                r#"
                WITH used AS MATERIALIZED (
                    SELECT s.digest, u.used_at, u.address
                    FROM unnest($1::bytea[], $2::timestamptz[], $3::text[]) u (digest, used_at, address)
                    JOIN token_secrets s ON s.digest = u.digest
                    WHERE s.last_used_at IS NULL OR s.last_used_at < u.used_at
                    ORDER BY s.digest
                    FOR NO KEY UPDATE OF s
                )
                UPDATE token_secrets s SET last_used_at = u.used_at, last_used_address = u.address
                FROM used u
                WHERE s.digest = u.digest AND (s.last_used_at IS NULL OR s.last_used_at < u.used_at)
                RETURNING 1 AS "row!"
                "#,
                &uses.digests,
                &uses.times,
                &uses.addresses as &[Option<String>],
            )
            .map(drop)
        });
        told.await?;
        Ok(())
    }

    /// Updates the rows of tokens. Every live token has its row from its creation. None is inserted
    /// here, because a revocation that commits in the meantime has deleted it.
    async fn of_tokens(&self, uses: &Columns) -> Result<(), StoreError> {
        let told = self.link.execute(Instant::now(), || {
            sqlx::query!(
                r#"
                WITH used AS MATERIALIZED (
                    SELECT l.tenant_id, l.token_id, u.used_at, u.address
                    FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[])
                         u (tenant_id, token_id, used_at, address)
                    JOIN token_uses l ON l.tenant_id = u.tenant_id AND l.token_id = u.token_id
                    WHERE l.used_at IS NULL OR l.used_at < u.used_at
                    ORDER BY l.tenant_id, l.token_id
                    FOR NO KEY UPDATE OF l
                )
                UPDATE token_uses l SET used_at = u.used_at, address = u.address
                FROM used u
                WHERE l.tenant_id = u.tenant_id AND l.token_id = u.token_id
                  AND (l.used_at IS NULL OR l.used_at < u.used_at)
                RETURNING 1 AS "row!"
                "#,
                &uses.tenants,
                &uses.tokens,
                &uses.times,
                &uses.addresses as &[Option<String>],
            )
            .map(drop)
        });
        told.await?;
        Ok(())
    }
}
