//! Revoking a token whose record cannot be read: no value of it that a rule could refuse is read or written.

use std::time::Instant;

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{ForcedRevocation, Version};

use super::{ActorState, Overtaken, Worded, failed, names};
use crate::{client::TRIES, rows::API_TOKENS, store::PostgresStore};

/// Whether it was written, what the actor's rows say, and the stored version.
type Answer = (bool, ActorState, Option<i64>);

impl PostgresStore {
    pub(crate) async fn force(&self, revocation: &ForcedRevocation) -> Result<(), CommitError> {
        let began = Instant::now();
        for _ in 0..TRIES {
            let (written, actor, stored) = self.force_once(began, revocation).await?;
            if written {
                return Ok(());
            }
            actor.judge()?;
            let stored = stored.ok_or(CommitError::NotFound)?;
            if stored != revocation.expected() {
                let stored = API_TOKENS.version("version", stored)?;
                return Err(CommitError::Stale { stored });
            }
        }
        Err(StoreError::Unavailable(Box::new(Overtaken)).into())
    }

    async fn force_once(
        &self,
        began: Instant,
        revocation: &ForcedRevocation,
    ) -> Result<Answer, CommitError> {
        let (event, authority) = (revocation.event(), revocation.authority());
        let content = &event.content;
        let worded = Worded::of(event)?;
        let told = self.link.execute(began, || {
            by_actor!(
                authority,
                "$17, $18, $6, NULL, NULL",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = $8, modified_at = $9, modified_by = $3, chain_head = $10, revoked_at = $9
                    FROM actor a
                    WHERE a.live AND a.able
                      AND t.tenant_id = $1 AND t.id = $6 AND t.version = $7 AND t.revoked_at IS NULL
                    RETURNING t.tenant_id, t.id, t.user_id
                ), followed AS (
                    UPDATE users u
                    SET closed_at = coalesce(u.closed_at, $9)
                    FROM changed c
                    WHERE u.tenant_id = c.tenant_id AND u.id = c.user_id
                ), recorded AS (
                    INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address,
                                              request_id, version_before, changes, hash, encoding)
                    SELECT c.tenant_id, c.id, $8, $11, $9, $3, $12, $13, $14, $15, $10, $16 FROM changed c
                )
                SELECT EXISTS (SELECT FROM changed) AS "written!",
                       coalesce((SELECT live FROM actor), false) AS "live!",
                       coalesce((SELECT in_place FROM actor), false) AS "in_place!",
                       coalesce((SELECT able FROM actor), false) AS "able!",
                       (SELECT t.version FROM api_tokens t
                        WHERE t.tenant_id = $1 AND t.id = $6 AND t.revoked_at IS NULL) AS stored
                "#,
                content.token.as_uuid(),
                revocation.expected(),
                content.version_after.get(),
                content.at.to_utc(),
                event.hash.as_bytes(),
                content.kind.as_str(),
                worded.address.as_deref(),
                content.request_id.as_str(),
                content.version_before.map(Version::get),
                worded.changes,
                worded.encoding,
            )
            .map(|row| (row.written, actor_state!(row), row.stored))
        });
        // One row, whatever was written.
        Ok(told.await.map_err(failed)?.pop().unwrap_or_default())
    }
}
