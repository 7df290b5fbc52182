//! Making a token, its user and its first secret, at most once under a key where the client chose one.

use std::time::Instant;

use countersign_application::ports::CommitError;
use countersign_domain::{
    Change, Fingerprint, IdempotencyKey, IdempotentRequest, SecretDigest, TokenId, Version,
};
use uuid::Uuid;

use super::{Answer, Done, Worded, annotations::annotations, failed, names};
use crate::{client::Effect, rows::Table, store::PostgresStore};

/// The token and the fingerprint that are stored under the key.
pub(super) type Before = Option<(Uuid, Vec<u8>)>;

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
        let worded = Worded::of(event)?;
        let permissions = names(&next.permissions);
        let addresses: Vec<String> = next.addresses.iter().collect();
        let key = once.map(|once| once.key.as_str());
        let fingerprint = once.map(|once| once.fingerprint.as_bytes().as_slice());
        let since = authority.now.minus_seconds(IdempotencyKey::WINDOW_SECONDS);
        let told = self.link.execute_as(call, || {
            by_actor!(
                authority,
                event,
                worded,
                "NULL, NULL, NULL",
                r#"
                keyed AS (
                    INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, fingerprint, token_id, created_at)
                    SELECT $1, $3, $18, $19, $7, $4 FROM actor a WHERE a.live AND a.able AND $18::text IS NOT NULL
                    ON CONFLICT (tenant_id, user_id, key) DO UPDATE
                    SET fingerprint = excluded.fingerprint, token_id = excluded.token_id,
                        created_at = excluded.created_at
                    WHERE k.created_at < $20
                    RETURNING k.token_id
                ), forgotten AS (
                    -- A key that another session holds is left to that session: waiting for it, with a name taken
                    -- meanwhile, could end in a circle. By their places, and no more than so many: the plan for any
                    -- number of keys would go through all of them.
                    DELETE FROM idempotency_keys
                    WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM idempotency_keys
                        WHERE tenant_id = $1 AND user_id = $3 AND created_at < $20 AND key <> $18
                          AND EXISTS (SELECT FROM keyed)
                        ORDER BY created_at
                        LIMIT 256
                        FOR UPDATE SKIP LOCKED))
                ), named AS (
                    INSERT INTO users (tenant_id, id, name, kind, created_at)
                    SELECT $1, $21, $22, 'api_token', $4 FROM actor a
                    WHERE a.live AND a.able AND ($18::text IS NULL OR EXISTS (SELECT FROM keyed))
                    RETURNING tenant_id, id
                ), changed AS (
                    INSERT INTO api_tokens (tenant_id, id, version, name, name_key, user_id, partial_token, expiry,
                                            allowed_addresses, permissions, created_at, created_by, modified_at,
                                            modified_by, chain_head, owner, owner_key, description, metadata)
                    SELECT n.tenant_id, $7, $8, $22, $23, n.id, $24, $25, $26, $27, $4, $3, $4, $3, $14,
                           ($29::text)::jsonb ->> 'owner', ($29::text)::jsonb ->> 'ownerKey',
                           ($29::text)::jsonb ->> 'description', ($29::text)::jsonb -> 'metadata'
                    FROM named n
                    RETURNING tenant_id, id
                ), kept AS (
                    INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at)
                    SELECT $28, c.tenant_id, c.id, $24, $4 FROM changed c
                )
                "#,
                r#"
                       k.token_id AS "before?", k.fingerprint AS "fingerprint?"
                FROM (VALUES (true)) one (row)
                LEFT JOIN idempotency_keys k
                    ON k.tenant_id = $1 AND k.user_id = $3 AND k.key = $18 AND k.created_at >= $20
                "#,
                |row| row.before.zip(row.fingerprint),
                key,
                fingerprint,
                since.to_utc(),
                next.user.as_uuid(),
                next.name.as_str(),
                next.name.key(),
                next.partial.as_str(),
                next.expiry.to_utc(),
                &addresses,
                &permissions,
                digest.as_bytes(),
                annotations(change),
            )
        });
        // One row, whatever was written.
        let answer: Answer<Before> = told.await.map_err(failed)?.pop().unwrap_or_default();
        answer.judge(once.is_some())
    }
}

impl Answer<Before> {
    /// Of a creation, under a key or not, from what the key made before.
    pub(super) fn judge(self, under_key: bool) -> Result<Done, CommitError> {
        if self.judge_actor()? {
            return Ok(Done::Written);
        }
        match self.found {
            Some(before) => Err(already_made(before)),
            // What has the name may have come with the key, after the snapshot: the key decides.
            None if self.name_taken && !under_key => Err(CommitError::NameTaken),
            None => Ok(Done::Overtaken),
        }
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
