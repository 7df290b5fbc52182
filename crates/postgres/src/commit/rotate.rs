//! Giving a token a new secret: the record, the ends of the secrets before, and the new one, in one statement.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{Change, SecretDigest, Timestamp, Version};

use super::{Done, Worded, existing::judge, failed, names};
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
        let content = &event.content;
        let worded = Worded::of(event)?;
        let told = self.link.execute_as(call, || {
            by_actor!(
                authority,
                "$23, $24, $6, NULL, NULL",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = $8, partial_token = $9, modified_at = $10, modified_by = $3, chain_head = $11
                    FROM actor a
                    WHERE a.live AND a.able
                      AND t.tenant_id = $1 AND t.id = $6 AND t.version = $7 AND t.revoked_at IS NULL
                    RETURNING t.tenant_id, t.id
                ), replaced AS (
                    UPDATE token_secrets s
                    SET retires_at = CASE WHEN s.retires_at IS NULL THEN $12 ELSE $4 END
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
                    SELECT $13, c.tenant_id, c.id, $9, $4 FROM changed c
                ), recorded AS (
                    INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address,
                                              request_id, version_before, changes, hash, encoding,
                                              secret_commitment)
                    SELECT c.tenant_id, c.id, $8, $14, $15, $16, $17, $18, $19, $20, $11, $21, $22
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
                next.partial.as_str(),
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
