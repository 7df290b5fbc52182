//! Rows that belong to no token, found by reading whole tables. It has no time limit, because an
//! operator asks for it, beside the service.

use countersign_application::ports::{StoreError, Stray};
use countersign_domain::TenantId;

use crate::{SqliteStore, error::store_error, rows::Column};

impl SqliteStore {
    pub(crate) async fn all_strays(&self, limit: u16) -> Result<Vec<Stray>, StoreError> {
        // Joined rather than looked for, because SQLite makes itself an index for a join.
        let rows = sqlx::query!(
            r#"SELECT * FROM (
                SELECT 'token_secrets' AS "table!: String", s.tenant_id AS "tenant!: Vec<u8>",
                       s.token_id AS "id!: Vec<u8>"
                FROM token_secrets s
                LEFT JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id
                WHERE t.id IS NULL LIMIT ?1)
            UNION ALL SELECT * FROM (
                SELECT 'token_uses', l.tenant_id, l.token_id
                FROM token_uses l
                LEFT JOIN api_tokens t ON t.tenant_id = l.tenant_id AND t.id = l.token_id
                WHERE t.id IS NULL LIMIT ?1)
            UNION ALL SELECT * FROM (
                SELECT 'users', u.tenant_id, u.id
                FROM users u
                LEFT JOIN api_tokens t ON t.tenant_id = u.tenant_id AND t.user_id = u.id
                LEFT JOIN tenants n ON n.id = u.tenant_id AND n.system_user_id = u.id
                     AND n.created_at = u.created_at AND u.kind = 'system' AND u.closed_at IS NULL
                WHERE t.id IS NULL AND n.id IS NULL LIMIT ?1)"#,
            limit
        );
        let rows = rows.fetch_all(&self.readers).await.map_err(store_error)?;
        let strays = rows.into_iter().map(|row| {
            let table = named(&row.table);
            let id = |column, bytes: &[u8]| Column(table, column).id(bytes);
            Ok(Stray {
                table,
                tenant: TenantId::from_uuid(id("tenant_id", &row.tenant)?),
                id: id(if table == "users" { "id" } else { "token_id" }, &row.id)?,
            })
        });
        strays.collect()
    }
}

fn named(table: &str) -> &'static str {
    let tables = ["token_secrets", "token_uses"];
    tables
        .into_iter()
        .find(|one| *one == table)
        .unwrap_or("users")
}
