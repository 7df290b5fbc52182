//! Ending one secret that was replaced: the record, the secret's end, and the event, in one
//! statement.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{Change, SecretDigest, Timestamp, Version};

use super::{Done, Worded, existing::judge, failed, names};
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
        let (next, event, authority) = (change.next(), change.event(), change.authority());
        let content = &event.content;
        let worded = Worded::of(event)?;
        let told = self.link.execute_as(call, || {
            by_actor!(
                authority,
                "$22, $23, $6, NULL, NULL",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = $8, modified_at = $9, modified_by = $3, chain_head = $10
                    FROM actor a
                    WHERE a.live AND a.able
                      AND t.tenant_id = $1 AND t.id = $6 AND t.version = $7 AND t.revoked_at IS NULL
                      AND EXISTS (
                          SELECT FROM token_secrets s
                          WHERE s.digest = $12 AND s.tenant_id = t.tenant_id AND s.token_id = t.id
                            AND s.retires_at > $11)
                    RETURNING t.tenant_id, t.id
                ), ended AS (
                    UPDATE token_secrets s
                    SET retires_at = $11
                    FROM changed c
                    WHERE s.digest = $12 AND s.tenant_id = c.tenant_id AND s.token_id = c.id
                ), recorded AS (
                    INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address,
                                              request_id, version_before, changes, hash, encoding,
                                              secret_commitment)
                    SELECT c.tenant_id, c.id, $8, $13, $14, $15, $16, $17, $18, $19, $10, $20, $21
                    FROM changed c
                )
                SELECT EXISTS (SELECT FROM changed) AS "written!",
                       coalesce((SELECT live FROM actor), false) AS "live!",
                       coalesce((SELECT in_place FROM actor), false) AS "in_place!",
                       coalesce((SELECT able FROM actor), false) AS "able!",
                       (SELECT t.version FROM api_tokens t
                        WHERE t.tenant_id = $1 AND t.id = $6 AND t.revoked_at IS NULL) AS stored
                "#,
                next.id.as_uuid(),
                expected.get(),
                next.version.get(),
                next.modified.to_utc(),
                event.hash.as_bytes(),
                valid_until.to_utc(),
                digest.as_bytes(),
                content.kind.as_str(),
                content.at.to_utc(),
                content.by.as_uuid(),
                worded.address.as_deref(),
                content.request_id.as_str(),
                content.version_before.map(Version::get),
                worded.changes,
                worded.encoding,
                worded.commitment,
            )
            .map(|row| (row.written, actor_state!(row), row.stored))
        });
        // One row, whatever was written.
        let answer = told.await.map_err(failed)?.pop();
        judge(answer.unwrap_or_default(), expected)
    }
}
