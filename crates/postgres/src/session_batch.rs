//! Look-ups of the console's sessions by the digests of their ids. Anybody can make ids up, so a crowd
//! of those must not hold up the people who are signed in.

use countersign_application::ports::{Session, SessionDigest, StoreError};
use countersign_domain::{SecretDigest, TenantId, TokenId};
use uuid::Uuid;

use crate::{
    batcher::{BatchQuery, PATIENCE},
    client::StatementClient,
    error::{StatementError, require_primary},
    rows::{Micros, Table},
};

const SESSIONS: Table = Table("sessions");

/// Which session has an id with this digest?
#[derive(Debug)]
pub(crate) struct SessionBatch;

/// A session as it is stored.
pub(crate) struct SessionRow {
    digest: Vec<u8>,
    tenant_id: Uuid,
    token_id: Uuid,
    secret_digest: Vec<u8>,
    began_at: Micros,
    seen_at: Micros,
}

impl BatchQuery for SessionBatch {
    // There is one connection.
    const WORKERS: u32 = 1;

    type Key = SessionDigest;
    type Row = SessionRow;
    type Answer = Session;

    /// Always a row at least, which shows whether the server is a primary: a standby may still have a
    /// session that was ended.
    async fn ask(
        link: &StatementClient,
        digests: &[SessionDigest],
    ) -> Result<Vec<SessionRow>, StatementError> {
        let digests = digests.iter().map(|digest| digest.as_bytes().to_vec());
        let digests: Vec<_> = digests.collect();
        let rows = link.query_within(PATIENCE, || {
            sqlx::query!(
                r#"
                SELECT here.in_recovery AS "in_recovery!", s.digest AS "digest?",
                       s.tenant_id AS "tenant_id?", s.token_id AS "token_id?",
                       s.secret_digest AS "secret_digest?", s.began_at AS "began_at?: Micros",
                       s.seen_at AS "seen_at?: Micros"
                FROM (SELECT pg_is_in_recovery() AS in_recovery) here
                LEFT JOIN sessions s ON s.digest = ANY ($1)
                "#,
                &digests,
            )
            .try_map(|row| {
                require_primary(row.in_recovery)?;
                let found = || {
                    Some(SessionRow {
                        digest: row.digest?,
                        tenant_id: row.tenant_id?,
                        token_id: row.token_id?,
                        secret_digest: row.secret_digest?,
                        began_at: row.began_at?,
                        seen_at: row.seen_at?,
                    })
                };
                Ok(found())
            })
        });
        Ok(rows.await?.into_iter().flatten().collect())
    }

    fn key(row: &SessionRow) -> Option<SessionDigest> {
        let digest: [u8; 32] = row.digest.as_slice().try_into().ok()?;
        Some(SessionDigest::from_bytes(digest))
    }

    fn read(row: &SessionRow) -> Result<Session, StoreError> {
        let secret = SESSIONS.digest("secret_digest", &row.secret_digest)?;
        let digest = SESSIONS.digest("digest", &row.digest)?;
        Ok(Session {
            digest: SessionDigest::from_bytes(digest),
            tenant: TenantId::from_uuid(row.tenant_id),
            token: TokenId::from_uuid(row.token_id),
            secret: SecretDigest::from_bytes(secret),
            began: SESSIONS.time("began_at", row.began_at)?,
            seen: SESSIONS.time("seen_at", row.seen_at)?,
        })
    }
}
