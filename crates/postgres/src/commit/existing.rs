//! Changing a token that is there: an update and a revocation are one statement, which differ in what follows for the
//! token's user.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{Change, Version};

use super::{ActorState, Done, Worded, failed, names};
use crate::{client::Effect, rows::API_TOKENS, store::PostgresStore};

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
        let content = &event.content;
        let worded = Worded::of(event)?;
        let permissions = names(&next.permissions);
        let addresses: Vec<String> = next.addresses.iter().collect();
        let maker = authority.target_made_nothing.then(|| *next.user.as_uuid());
        let revoked = revoke.then(|| next.modified.to_utc());
        let told = self.link.execute_as(call, || {
            by_actor!(
                authority,
                "$28, $29, $6, CASE WHEN $17::text IS NOT NULL THEN $10 END, $27",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = $8, name = $9, name_key = CASE WHEN $17::text IS NULL THEN t.name_key ELSE $10 END,
                        expiry = $11, allowed_addresses = $12,
                        permissions = $13, modified_at = $14, modified_by = $3, chain_head = $15, revoked_at = $16
                    FROM actor a
                    WHERE a.live AND a.able AND a.made_nothing
                      AND t.tenant_id = $1 AND t.id = $6 AND t.version = $7 AND t.revoked_at IS NULL
                    RETURNING t.tenant_id, t.id, t.user_id
                ), followed AS (
                    UPDATE users u
                    SET name = coalesce($17::text, u.name), closed_at = coalesce($16, u.closed_at)
                    FROM changed c
                    WHERE u.tenant_id = c.tenant_id AND u.id = c.user_id
                      AND ($17::text IS NOT NULL OR $16 IS NOT NULL)
                ), recorded AS (
                    INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address,
                                              request_id, version_before, changes, hash, encoding)
                    SELECT c.tenant_id, c.id, $18, $19, $20, $21, $22, $23, $24, $25, $15, $26 FROM changed c
                )
                SELECT EXISTS (SELECT FROM changed) AS "written!",
                       coalesce((SELECT live FROM actor), false) AS "live!",
                       coalesce((SELECT in_place FROM actor), false) AS "in_place!",
                       coalesce((SELECT able FROM actor), false) AS "able!",
                       coalesce((SELECT made_nothing FROM actor), false) AS "made_nothing!",
                       (SELECT t.version FROM api_tokens t
                        WHERE t.tenant_id = $1 AND t.id = $6 AND t.revoked_at IS NULL) AS stored
                "#,
                next.id.as_uuid(),
                expected.get(),
                next.version.get(),
                next.name.as_str(),
                next.name.key(),
                next.expiry.to_utc(),
                &addresses,
                &permissions,
                next.modified.to_utc(),
                event.hash.as_bytes(),
                revoked,
                rename,
                content.version_after.get(),
                content.kind.as_str(),
                content.at.to_utc(),
                content.by.as_uuid(),
                worded.address.as_deref(),
                content.request_id.as_str(),
                content.version_before.map(Version::get),
                worded.changes,
                worded.encoding,
                maker,
            )
            .map(|row| {
                let actor = actor_state!(row);
                (row.made_nothing, (row.written, actor, row.stored))
            })
        });
        // One row, whatever was written.
        let (made_nothing, answer) = told.await.map_err(failed)?.pop().unwrap_or_default();
        match judge(answer, expected)? {
            Done::Overtaken if !made_nothing => Err(CommitError::MayBeAncestor),
            done => Ok(done),
        }
    }
}

/// What a statement about a token of an expected version did: whether it was written, what the
/// actor's rows say, the version stored.
pub(super) fn judge(
    (written, actor, stored): (bool, ActorState, Option<i64>),
    expected: Version,
) -> Result<Done, CommitError> {
    if written {
        return Ok(Done::Written);
    }
    actor.judge()?;
    match stored {
        None => Err(CommitError::NotFound),
        Some(number) if number == expected.get() => Ok(Done::Overtaken),
        Some(number) => Err(CommitError::Stale {
            stored: API_TOKENS.version("version", number)?,
        }),
    }
}
