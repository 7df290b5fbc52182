//! Batched look-ups of credentials by the digests of their secrets.

use countersign_application::ports::StoreError;
use countersign_domain::{Credential, SecretDigest, TenantId, TokenId, UserId};
use uuid::Uuid;

use crate::{
    batcher::{BatchQuery, PATIENCE},
    client::StatementClient,
    error::{StatementError, require_primary},
    rows::{API_TOKENS, Micros, TOKEN_SECRETS, Texts, shown},
};

/// The query for the facts of a secret's digest.
#[derive(Debug)]
pub(crate) struct CredentialBatch;

impl BatchQuery for CredentialBatch {
    const WORKERS: u32 = 2;

    type Key = SecretDigest;
    type Row = CredentialRow;
    type Answer = Credential;

    async fn ask(
        link: &StatementClient,
        digests: &[SecretDigest],
    ) -> Result<Vec<CredentialRow>, StatementError> {
        let digests = digests.iter().map(|digest| digest.as_bytes().to_vec());
        found(link, &digests.collect::<Vec<_>>()).await
    }

    fn key(row: &CredentialRow) -> Option<SecretDigest> {
        let digest: [u8; 32] = row.digest.as_slice().try_into().ok()?;
        Some(SecretDigest::from_bytes(digest))
    }

    fn read(row: &CredentialRow) -> Result<Credential, StoreError> {
        row.read()
    }
}

/// The stored facts of a secret.
pub(crate) struct CredentialRow {
    digest: Vec<u8>,
    tenant_id: Uuid,
    id: Uuid,
    version: i64,
    user_id: Uuid,
    name: String,
    permissions: Texts,
    allowed_addresses: Texts,
    owner: Option<String>,
    metadata: Option<String>,
    expiry: Micros,
    retires_at: Option<Micros>,
    created_at: Micros,
    modified_at: Micros,
}

/// It always returns a row, which shows whether the server is a primary: a token that a standby
/// does not find may exist, and one that it finds may be revoked.
async fn found(
    link: &StatementClient,
    digests: &[Vec<u8>],
) -> Result<Vec<CredentialRow>, StatementError> {
    let rows = link.query_within(PATIENCE, || {
        sqlx::query!(
            r#"
            SELECT here.in_recovery AS "in_recovery!", f.digest AS "digest?", f.tenant_id AS "tenant_id?",
                   f.id AS "id?", f.version AS "version?", f.user_id AS "user_id?", f.name AS "name?",
                   f.permissions AS "permissions?: Texts", f.allowed_addresses AS "allowed_addresses?: Texts",
                   f.owner AS "owner?", f.metadata AS "metadata?",
                   f.expiry AS "expiry?: Micros", f.retires_at AS "retires_at?: Micros",
                   f.created_at AS "created_at?: Micros", f.modified_at AS "modified_at?: Micros"
            FROM (SELECT pg_is_in_recovery() AS in_recovery) here
            LEFT JOIN (
                SELECT s.digest, t.tenant_id, t.id, t.version, t.user_id, u.name, t.permissions,
                       t.allowed_addresses, t.owner, t.metadata::text AS metadata, t.expiry, s.retires_at, t.created_at, t.modified_at
                FROM token_secrets s
                JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id
                JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id
                WHERE s.digest = ANY ($1) AND t.revoked_at IS NULL AND u.closed_at IS NULL
            ) f ON true
            "#,
            digests,
        )
        .try_map(|row| {
            require_primary(row.in_recovery)?;
            let found = || {
                Some(CredentialRow {
                    digest: row.digest?,
                    tenant_id: row.tenant_id?,
                    id: row.id?,
                    version: row.version?,
                    user_id: row.user_id?,
                    name: row.name?,
                    permissions: row.permissions?,
                    allowed_addresses: row.allowed_addresses?,
                    owner: row.owner,
                    metadata: row.metadata,
                    expiry: row.expiry?,
                    retires_at: row.retires_at,
                    created_at: row.created_at?,
                    modified_at: row.modified_at?,
                })
            };
            Ok(found())
        })
    });
    Ok(rows.await?.into_iter().flatten().collect())
}

impl CredentialRow {
    fn read(&self) -> Result<Credential, StoreError> {
        let valid_until = self
            .retires_at
            .map(|at| TOKEN_SECRETS.time("retires_at", at));
        Ok(Credential {
            tenant: TenantId::from_uuid(self.tenant_id),
            token: TokenId::from_uuid(self.id),
            version: API_TOKENS.version("version", self.version)?,
            user: UserId::from_uuid(self.user_id),
            user_name: shown(&self.name).into(),
            permissions: API_TOKENS.permissions(&self.permissions)?,
            addresses: API_TOKENS.addresses(&self.allowed_addresses)?,
            owner: API_TOKENS.owner(self.owner.as_ref())?,
            metadata: API_TOKENS.metadata(self.metadata.as_ref())?,
            expiry: API_TOKENS.time("expiry", self.expiry)?,
            valid_until: valid_until.transpose()?,
            created: API_TOKENS.time("created_at", self.created_at)?,
            modified: API_TOKENS.time("modified_at", self.modified_at)?,
        })
    }
}
