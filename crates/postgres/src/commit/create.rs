//! Making a token, its user and its first secret, at most once under a key where the client chose one.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{
    Change, Fingerprint, IdempotencyKey, IdempotentRequest, SecretDigest, TokenId, Version,
};
use uuid::Uuid;

use super::{Done, Worded, failed, names};
use crate::{client::Effect, rows::Table, store::PostgresStore};

impl PostgresStore {
    /// Stores all of a new token. A key that is in use keeps everything else from being tried, the name among it.
    pub(super) async fn create(
        &self,
        call: (Instant, Effect),
        change: &Change,
        digest: &SecretDigest,
        once: Option<&IdempotentRequest>,
    ) -> Result<Done, CommitError> {
        let (next, event, authority) = (change.next(), change.event(), change.authority());
        let (content, worded) = (&event.content, Worded::of(event)?);
        let permissions = names(&next.permissions);
        let addresses: Vec<String> = next.addresses.iter().collect();
        let key = once.map(|once| once.key.as_str());
        let fingerprint = once.map(|once| once.fingerprint.as_bytes().as_slice());
        let since = authority.now.minus_seconds(IdempotencyKey::WINDOW_SECONDS);
        let told = self.link.execute_as(call, || {
            by_actor!(
                authority,
                "$32, $33, NULL, NULL, NULL",
                r#"
                keyed AS (
                    INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, fingerprint, token_id, created_at)
                    SELECT $1, $3, $6, $7, $8, $4 FROM actor a WHERE a.live AND a.able AND $6::text IS NOT NULL
                    ON CONFLICT (tenant_id, user_id, key) DO UPDATE
                    SET fingerprint = excluded.fingerprint, token_id = excluded.token_id,
                        created_at = excluded.created_at
                    WHERE k.created_at < $9
                    RETURNING k.token_id
                ), forgotten AS (
                    -- One that somebody else holds is somebody else's to remove: waiting for it, with a name taken
                    -- meanwhile, could end in a circle.
                    DELETE FROM idempotency_keys
                    WHERE (tenant_id, user_id, key) IN (
                        SELECT tenant_id, user_id, key FROM idempotency_keys
                        WHERE tenant_id = $1 AND user_id = $3 AND created_at < $9 AND key <> $6
                          AND EXISTS (SELECT FROM keyed)
                        FOR UPDATE SKIP LOCKED)
                ), named AS (
                    INSERT INTO users (tenant_id, id, name, kind, created_at)
                    SELECT $1, $10, $11, 'api_token', $12 FROM actor a
                    WHERE a.live AND a.able AND ($6::text IS NULL OR EXISTS (SELECT FROM keyed))
                    RETURNING tenant_id, id
                ), made AS (
                    INSERT INTO api_tokens (tenant_id, id, version, name, name_key, user_id, partial_token, expiry,
                                            allowed_addresses, permissions, created_at, created_by, modified_at,
                                            modified_by, chain_head)
                    SELECT n.tenant_id, $8, $13, $11, $14, n.id, $15, $16, $17, $18, $12, $3, $19, $3, $20 FROM named n
                    RETURNING tenant_id, id
                ), kept AS (
                    INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at)
                    SELECT $21, m.tenant_id, m.id, $15, $12 FROM made m
                ), recorded AS (
                    INSERT INTO audit_events (tenant_id, token_id, version_after, kind, at, by_user, address,
                                              request_id, version_before, changes, hash, encoding,
                                              secret_commitment)
                    SELECT m.tenant_id, m.id, $22, $23, $24, $25, $26, $27, $28, $29, $20, $30, $31
                    FROM made m
                )
                SELECT EXISTS (SELECT FROM made) AS "written!",
                       coalesce((SELECT live FROM actor), false) AS "live!",
                       coalesce((SELECT in_place FROM actor), false) AS "in_place!",
                       coalesce((SELECT able FROM actor), false) AS "able!",
                       k.token_id AS "before?", k.fingerprint AS "fingerprint?"
                FROM (VALUES (true)) one (row)
                LEFT JOIN idempotency_keys k
                    ON k.tenant_id = $1 AND k.user_id = $3 AND k.key = $6 AND k.created_at >= $9
                "#,
                key,
                fingerprint,
                next.id.as_uuid(),
                since.to_utc(),
                next.user.as_uuid(),
                next.name.as_str(),
                next.created.to_utc(),
                next.version.get(),
                next.name.key(),
                next.partial.as_str(),
                next.expiry.to_utc(),
                &addresses,
                &permissions,
                next.modified.to_utc(),
                event.hash.as_bytes(),
                digest.as_bytes(),
                content.version_after.get(),
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
            .map(|row| {
                let before = row.before.zip(row.fingerprint);
                (row.written, actor_state!(row), before)
            })
        });
        // One row, whatever was written.
        let (written, actor, before) = told.await.map_err(failed)?.pop().unwrap_or_default();
        if written {
            return Ok(Done::Written);
        }
        actor.judge()?;
        before.map_or(Ok(Done::Overtaken), |before| Err(already_made(before)))
    }
}

fn already_made((token, fingerprint): (Uuid, Vec<u8>)) -> CommitError {
    match Table("idempotency_keys").digest("fingerprint", &fingerprint) {
        Ok(bytes) => CommitError::AlreadyMade {
            token: TokenId::from_uuid(token),
            fingerprint: Fingerprint::from_bytes(bytes),
        },
        Err(corrupt) => corrupt.into(),
    }
}
