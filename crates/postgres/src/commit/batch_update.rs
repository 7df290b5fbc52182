//! Many updates in one statement.

use std::time::Instant;

use uuid::Uuid;

use super::{
    Answer,
    batch::{Columns, Judged, by_actors},
};
use crate::{error::StatementError, store::PostgresStore};

impl PostgresStore {
    pub(super) async fn update_together(
        &self,
        began: Instant,
        all: &Columns,
    ) -> Result<Vec<Judged>, StatementError> {
        let rows = self.link.execute(began, || {
            by_actors!(
                all,
                "'updated', NULL",
                ", (SELECT $23::text[])",
                ", annotations",
                r#"
                changed AS (
                    UPDATE api_tokens t
                    SET version = i.version, name = i.name, expiry = i.expiry,
                        name_key = CASE WHEN i.new_name_key IS NULL THEN t.name_key ELSE i.name_key END,
                        allowed_addresses = i.addresses::text[], permissions = i.permissions::text[],
                        owner = CASE WHEN i.annotations IS NULL THEN t.owner
                                     ELSE i.annotations::jsonb ->> 'owner' END,
                        owner_key = CASE WHEN i.annotations IS NULL THEN t.owner_key
                                         ELSE i.annotations::jsonb ->> 'ownerKey' END,
                        description = CASE WHEN i.annotations IS NULL THEN t.description
                                           ELSE i.annotations::jsonb ->> 'description' END,
                        metadata = CASE WHEN i.annotations IS NULL THEN t.metadata
                                        ELSE i.annotations::jsonb -> 'metadata' END,
                        modified_at = i.at, modified_by = i.by_user, chain_head = i.hash
                    FROM input i
                    WHERE i.admitted AND t.tenant_id = i.tenant AND t.id = i.token AND t.version = i.expected
                      AND t.revoked_at IS NULL
                    RETURNING i.ord, t.tenant_id, t.user_id
                ), followed AS (
                    UPDATE users u SET name = i.name
                    FROM changed c JOIN input i ON i.ord = c.ord
                    WHERE u.tenant_id = c.tenant_id AND u.id = c.user_id AND i.new_name_key IS NOT NULL
                )
                "#,
                r#"t.version AS "stored?", i.expected AS "expected!""#,
                "LEFT JOIN api_tokens t ON t.tenant_id = i.tenant AND t.id = i.token AND t.revoked_at IS NULL",
                |row| row.stored,
                judged by row.expected,
                &all.annotations as &[Option<String>],
            )
        });
        rows.await
    }
}
