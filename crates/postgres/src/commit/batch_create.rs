//! Many creations in one statement, each at most once under its key if it has one.

use std::time::Instant;

use countersign_domain::{IdempotencyKey, IdempotentRequest, SecretDigest, Token};
use uuid::Uuid;

use super::{
    Answer,
    batch::{Columns, Judged, by_actors},
};
use crate::{error::StatementError, store::PostgresStore};

/// What creations alone hold.
#[derive(Default)]
pub(super) struct Creations {
    users: Vec<Uuid>,
    partials: Vec<String>,
    digests: Vec<Vec<u8>>,
    commitments: Vec<Option<Vec<u8>>>,
    keys: Vec<Option<String>>,
    fingerprints: Vec<Option<Vec<u8>>>,
}

impl Creations {
    pub(super) fn push(
        &mut self,
        token: &Token,
        digest: &SecretDigest,
        once: Option<&IdempotentRequest>,
        commitment: Option<&[u8]>,
    ) {
        self.users.push(*token.user.as_uuid());
        self.partials.push(token.partial.as_str().to_owned());
        self.digests.push(digest.as_bytes().to_vec());
        self.commitments.push(commitment.map(<[u8]>::to_vec));
        self.keys
            .push(once.map(|once| once.key.as_str().to_owned()));
        self.fingerprints
            .push(once.map(|once| once.fingerprint.as_bytes().to_vec()));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

impl PostgresStore {
    /// All keys come before the first name, and in one order, so that no two statements wait for
    /// each other's keys, or for a key and a name, in a circle.
    pub(super) async fn create_together(
        &self,
        began: Instant,
        all: &Columns,
    ) -> Result<Vec<Judged>, StatementError> {
        let new = &all.creations;
        let rows = self.link.execute(began, || {
            by_actors!(
                all,
                "'created', i.commitment",
                r#", (SELECT $23::uuid[]), (SELECT $24::text[]), (SELECT $25::bytea[]),
                    (SELECT $26::bytea[]), (SELECT $27::text[]), (SELECT $28::bytea[]), (SELECT $30::text[])"#,
                ", user_id, partial, digest, commitment, key, fingerprint, annotations",
                r#"
                keyed AS (
                    INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, fingerprint, token_id, created_at)
                    SELECT i.tenant, i.by_user, i.key, i.fingerprint, i.token, i.at FROM input i
                    WHERE i.admitted AND i.key IS NOT NULL
                    ORDER BY i.tenant, i.by_user, i.key
                    ON CONFLICT (tenant_id, user_id, key) DO UPDATE
                    SET fingerprint = excluded.fingerprint, token_id = excluded.token_id,
                        created_at = excluded.created_at
                    WHERE k.created_at < excluded.created_at - $29::bigint * interval '1 second'
                    RETURNING k.token_id
                ), forgotten AS (
                    -- By their places, and no more for a user than so many: a plan for few keys would go through all
                    -- keys where there are many.
                    DELETE FROM idempotency_keys
                    WHERE ctid = ANY (ARRAY(
                        SELECT old.place
                        FROM (
                            SELECT i.tenant, i.by_user, min(i.at) AS at FROM input i
                            WHERE i.token = ANY (ARRAY(SELECT token_id FROM keyed))
                            GROUP BY i.tenant, i.by_user
                        ) n
                        CROSS JOIN LATERAL (
                            SELECT k.ctid AS place FROM idempotency_keys k
                            WHERE k.tenant_id = n.tenant AND k.user_id = n.by_user
                              AND k.created_at < n.at - $29 * interval '1 second'
                              AND k.key <> ALL (ARRAY(SELECT i.key FROM input i WHERE i.key IS NOT NULL))
                            ORDER BY k.created_at
                            LIMIT 256
                            FOR UPDATE SKIP LOCKED) old))
                ), named AS (
                    INSERT INTO users (tenant_id, id, name, kind, created_at)
                    SELECT i.tenant, i.user_id, i.name, 'api_token', i.at FROM input i
                    WHERE i.admitted AND (i.token = ANY (ARRAY(SELECT token_id FROM keyed)) OR i.key IS NULL)
                    RETURNING id
                ), made AS (
                    INSERT INTO api_tokens (tenant_id, id, version, name, name_key, user_id, partial_token, expiry,
                                            allowed_addresses, permissions, created_at, created_by, modified_at,
                                            modified_by, chain_head, owner, owner_key, description, metadata)
                    SELECT i.tenant, i.token, i.version, i.name, i.name_key, n.id, i.partial, i.expiry,
                           i.addresses::text[], i.permissions::text[], i.at, i.by_user, i.at, i.by_user, i.hash,
                           i.annotations::jsonb ->> 'owner', i.annotations::jsonb ->> 'ownerKey',
                           i.annotations::jsonb ->> 'description', i.annotations::jsonb -> 'metadata'
                    FROM named n JOIN input i ON i.user_id = n.id
                    RETURNING id
                ), changed AS (
                    SELECT i.ord FROM made m JOIN input i ON i.token = m.id
                ), kept AS (
                    INSERT INTO token_secrets (digest, tenant_id, token_id, partial_token, created_at)
                    SELECT i.digest, i.tenant, i.token, i.partial, i.at FROM changed c JOIN input i ON i.ord = c.ord
                )
                "#,
                r#"k.token_id AS "before?", k.fingerprint AS "fingerprint?",
                   i.key IS NOT NULL AS "under_key!""#,
                r#"
                LEFT JOIN idempotency_keys k
                    ON k.tenant_id = i.tenant AND k.user_id = i.by_user AND k.key = i.key
                       AND k.created_at >= i.at - $29 * interval '1 second'
                "#,
                |row| row.before.zip(row.fingerprint),
                judged by row.under_key,
                &new.users,
                &new.partials,
                &new.digests,
                &new.commitments as &[Option<Vec<u8>>],
                &new.keys as &[Option<String>],
                &new.fingerprints as &[Option<Vec<u8>>],
                IdempotencyKey::WINDOW_SECONDS,
                &all.annotations as &[Option<String>],
            )
        });
        rows.await
    }
}
