//! Last uses of tokens and their secrets: stored beside the records, and written in small portions,
//! so that a change never waits for more than one of them.

use std::time::Instant;

use async_trait::async_trait;
use countersign_application::ports::{CommitError, StoreError, UsageRecord, UsageStore};
use countersign_domain::{LastUse, SecretDigest, SecretView};

use crate::{
    SqliteStore,
    error::{commit, store_error, within},
    rows::{Column, Text},
};

/// The number of uses in one write: some milliseconds of work.
const PORTION: usize = 500;

#[async_trait]
impl UsageStore for SqliteStore {
    async fn record(&self, uses: &[UsageRecord]) -> Result<(), StoreError> {
        for portion in uses.chunks(PORTION) {
            self.note(portion).await?;
        }
        Ok(())
    }
}

impl SqliteStore {
    /// Records some uses at once. Recording a use twice does no harm.
    async fn note(&self, uses: &[UsageRecord]) -> Result<(), StoreError> {
        // As one text, so that a portion costs two statements. The secret determines its token; a
        // use of an unknown secret matches no row.
        let uses: serde_json::Value = uses
            .iter()
            .map(|used| {
                let address = used.address.map(|address| address.to_string());
                serde_json::json!([hex(used.digest.as_bytes()), used.at.as_micros(), address])
            })
            .collect();
        let uses = uses.to_string();
        let began = Instant::now();
        let transaction = within(async {
            let mut transaction = self.writer.begin().await?;
            sqlx::query!(
                "UPDATE token_secrets SET last_used_at = u.at, last_used_address = u.address \
                 FROM (SELECT unhex(value ->> 0) AS digest, value ->> 1 AS at, \
                       value ->> 2 AS address FROM json_each(?)) u \
                 WHERE token_secrets.digest = u.digest \
                 AND (last_used_at IS NULL OR last_used_at < u.at)",
                uses
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
            sqlx::query!(
                "INSERT INTO token_uses (tenant_id, token_id, used_at, address) \
                 SELECT s.tenant_id, s.token_id, u.value ->> 1, u.value ->> 2 \
                 FROM json_each(?) u JOIN token_secrets s ON s.digest = unhex(u.value ->> 0) \
                 JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id \
                 WHERE t.revoked_at IS NULL \
                 ON CONFLICT (tenant_id, token_id) DO UPDATE \
                 SET used_at = excluded.used_at, address = excluded.address \
                 WHERE token_uses.used_at IS NULL OR token_uses.used_at < excluded.used_at",
                uses
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
            Ok::<_, StoreError>(transaction)
        })
        .await?;
        commit(transaction, began)
            .await
            .map_err(|error| match error {
                CommitError::Fault(store_error) => store_error,
                unknown => StoreError::Unavailable(Box::new(unknown)),
            })
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// A last use, from the columns of its time and its address.
pub(crate) fn last_use(
    (time, place): (Column, Column),
    at: Option<i64>,
    address: Option<&Text>,
) -> Result<Option<LastUse>, StoreError> {
    let Some(at) = at else { return Ok(None) };
    let address = address.map(|text| place.parse(text));
    Ok(Some(LastUse {
        at: time.time(at)?,
        address: address.transpose()?,
    }))
}

/// The part of a secret that may be shown.
pub(crate) struct SecretRow {
    pub(crate) digest: Vec<u8>,
    pub(crate) partial_token: Text,
    pub(crate) created_at: i64,
    pub(crate) retires_at: Option<i64>,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) last_used_address: Option<Text>,
}

impl TryFrom<SecretRow> for SecretView {
    type Error = StoreError;

    fn try_from(row: SecretRow) -> Result<Self, StoreError> {
        let of = |column| Column("token_secrets", column);
        let valid_until = row.retires_at.map(|at| of("retires_at").time(at));
        let places = (of("last_used_at"), of("last_used_address"));
        Ok(Self {
            digest: of("digest")
                .hash(&row.digest)
                .ok()
                .map(SecretDigest::from_bytes),
            partial: of("partial_token").partial(&row.partial_token)?,
            created: of("created_at").time(row.created_at)?,
            valid_until: valid_until.transpose()?,
            last_used: last_use(places, row.last_used_at, row.last_used_address.as_ref())?,
        })
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
