//! Giving a token a new secret: the record, the ends of the secrets before, and the new one, in one statement.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{Change, SecretDigest, Timestamp, Version};

use super::{Answer, Done, Worded, failed, names};
use crate::{client::Effect, store::PostgresStore};

impl PostgresStore {
    /// Stores the record of an expected version with a new secret. The one that was the newest ends when it retires; those
    /// that were replaced before end now, unless they had ended already.
    pub(super) async fn rotate(
        &self,
        call: (Instant, Effect),
        change: &Change,
        expected: Version,
        digest: &SecretDigest,
        valid_until: Timestamp,
    ) -> Result<Done, CommitError> {
        let (next, event, authority) = (change.next(), change.event(), change.authority());
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
                    SET version = $8, partial_token = $19, modified_at = $4, modified_by = $3, chain_head = $14
                    FROM actor a
                    WHERE a.live AND a.able
                      AND t.tenant_id = $1 AND t.id = $7 AND t.version = $18 AND t.revoked_at IS NULL
                    RETURNING t.tenant_id, t.id
                ), replaced AS (
                    UPDATE token_secrets s
                    SET retires_at = CASE WHEN s.retires_at IS NULL THEN $20 ELSE $4 END
                    FROM (
                        -- In the order in which uses are noted.
                        SELECT s.digest FROM changed c
                        JOIN token_secrets s ON s.tenant_id = c.tenant_id AND s.token_id = c.id
                        WHERE s.retires_at IS NULL OR s.retires_at > $4
                        ORDER BY s.digest
                        FOR NO KEY UPDATE OF s
                    ) old
                    WHERE s.digest = old.digest
                ), kept AS (
                    INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at)
                    SELECT $21, c.tenant_id, c.id, $19, $4 FROM changed c
                )
                "#,
                next.partial.as_str(),
                valid_until.to_utc(),
                digest.as_bytes(),
            )
        });
        // One row, whatever was written.
        let answer: Answer<_> = told.await.map_err(failed)?.pop().unwrap_or_default();
        answer.judge(expected.get())
    }
}
