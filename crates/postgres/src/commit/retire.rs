//! Ending one secret that was replaced: the record, the secret's end, and the event, in one
//! statement.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{Change, SecretDigest, Timestamp, Version};

use super::{Answer, Done, Worded, failed, names};
use crate::{client::Effect, store::PostgresStore};

impl PostgresStore {
    /// Stores the record of an expected version, and the end of that secret. Without the secret
    /// nothing is written.
    pub(super) async fn retire(
        &self,
        call: (Instant, Effect),
        change: &Change,
        expected: Version,
        digest: &SecretDigest,
        valid_until: Timestamp,
    ) -> Result<Done, CommitError> {
        let (event, authority) = (change.event(), change.authority());
        let worded = Worded::of(event)?;
        let told = self.link.execute_as(call, || {
            of_token!(
                authority,
                event,
                worded,
                expected.get(),
                "$7, NULL, NULL",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = $8, modified_at = $4, modified_by = $3, chain_head = $14
                    FROM actor a
                    WHERE a.live AND a.able
                      AND t.tenant_id = $1 AND t.id = $7 AND t.version = $18 AND t.revoked_at IS NULL
                      AND EXISTS (
                          SELECT FROM token_secrets s
                          WHERE s.digest = $19 AND s.tenant_id = t.tenant_id AND s.token_id = t.id
                            AND s.retires_at > $20)
                    RETURNING t.tenant_id, t.id
                ), ended AS (
                    UPDATE token_secrets s
                    SET retires_at = $20
                    FROM changed c
                    WHERE s.digest = $19 AND s.tenant_id = c.tenant_id AND s.token_id = c.id
                )
                "#,
                digest.as_bytes(),
                valid_until.to_utc(),
            )
        });
        // One row, whatever was written.
        let answer: Answer<_> = told.await.map_err(failed)?.pop().unwrap_or_default();
        answer.judge(expected.get())
    }
}
