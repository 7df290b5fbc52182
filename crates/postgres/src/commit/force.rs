//! Revoking a token whose record cannot be read: no value of it that a rule could refuse is read or written.

use std::time::Instant;

use countersign_application::ports::{CommitError, StoreError};
use countersign_domain::{ForcedRevocation, Version};

use super::{Answer, Done, Overtaken, Worded, failed, names};
use crate::{client::TRIES, store::PostgresStore};

impl PostgresStore {
    pub(crate) async fn force(&self, revocation: &ForcedRevocation) -> Result<(), CommitError> {
        let began = Instant::now();
        for _ in 0..TRIES {
            if let Done::Written = self.force_once(began, revocation).await? {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(Box::new(Overtaken)).into())
    }

    async fn force_once(
        &self,
        began: Instant,
        revocation: &ForcedRevocation,
    ) -> Result<Done, CommitError> {
        let (event, authority) = (revocation.event(), revocation.authority());
        let worded = Worded::of(event)?;
        let told = self.link.execute(began, || {
            of_token!(
                authority,
                event,
                worded,
                revocation.expected(),
                "$7, NULL, NULL",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = $8, modified_at = $4, modified_by = $3, chain_head = $14, revoked_at = $4
                    FROM actor a
                    WHERE a.live AND a.able
                      AND t.tenant_id = $1 AND t.id = $7 AND t.version = $18 AND t.revoked_at IS NULL
                    RETURNING t.tenant_id, t.id, t.user_id
                ), followed AS (
                    UPDATE users u
                    SET closed_at = coalesce(u.closed_at, $4)
                    FROM changed c
                    WHERE u.tenant_id = c.tenant_id AND u.id = c.user_id
                )
                "#,
            )
        });
        // One row, whatever was written.
        let answer: Answer<_> = told.await.map_err(failed)?.pop().unwrap_or_default();
        answer.judge(revocation.expected())
    }
}
