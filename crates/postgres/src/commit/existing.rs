//! Changing a token that is there: an update and a revocation are one statement, which differ in what follows for the
//! token's user.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{Change, Version};

use super::{Answer, Done, Worded, annotations::annotations, failed, names};
use crate::{client::Effect, store::PostgresStore};

impl PostgresStore {
    /// Stores the record of an expected version, with its user's new name where there is one, and its event.
    pub(super) async fn change(
        &self,
        call: (Instant, Effect),
        change: &Change,
        expected: Version,
        rename: Option<&str>,
        revoke: bool,
    ) -> Result<Done, CommitError> {
        let (next, event, authority) = (change.next(), change.event(), change.authority());
        let worded = Worded::of(event)?;
        let permissions = names(&next.permissions);
        let addresses: Vec<String> = next.addresses.iter().collect();
        let maker = authority.target_made_nothing.then(|| *next.user.as_uuid());
        let revoked = revoke.then(|| next.modified.to_utc());
        let told = self.link.execute_as(call, || {
            of_token!(
                authority,
                event,
                worded,
                expected.get(),
                "$7, CASE WHEN $25::text IS NOT NULL THEN $20 END, $26",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = $8, name = $19, name_key = CASE WHEN $25::text IS NULL THEN t.name_key ELSE $20 END,
                        expiry = $21, allowed_addresses = $22,
                        permissions = $23,
                        owner = CASE WHEN $27::text IS NULL THEN t.owner ELSE ($27::text)::jsonb ->> 'owner' END,
                        owner_key = CASE WHEN $27::text IS NULL THEN t.owner_key ELSE ($27::text)::jsonb ->> 'ownerKey' END,
                        description = CASE WHEN $27::text IS NULL THEN t.description
                                           ELSE ($27::text)::jsonb ->> 'description' END,
                        metadata = CASE WHEN $27::text IS NULL THEN t.metadata ELSE ($27::text)::jsonb -> 'metadata' END,
                        modified_at = $4, modified_by = $3, chain_head = $14, revoked_at = $24
                    FROM actor a
                    WHERE a.live AND a.able AND a.made_nothing
                      AND t.tenant_id = $1 AND t.id = $7 AND t.version = $18 AND t.revoked_at IS NULL
                    RETURNING t.tenant_id, t.id, t.user_id
                ), followed AS (
                    UPDATE users u
                    SET name = coalesce($25::text, u.name), closed_at = coalesce($24, u.closed_at)
                    FROM changed c
                    WHERE u.tenant_id = c.tenant_id AND u.id = c.user_id
                      AND ($25::text IS NOT NULL OR $24 IS NOT NULL)
                )
                "#,
                next.name.as_str(),
                next.name.key(),
                next.expiry.to_utc(),
                &addresses,
                &permissions,
                revoked,
                rename,
                maker,
                annotations(change),
            )
        });
        // One row, whatever was written.
        let answer: Answer<_> = told.await.map_err(failed)?.pop().unwrap_or_default();
        answer.judge(expected.get())
    }
}
