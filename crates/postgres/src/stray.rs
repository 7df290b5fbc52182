//! Rows that belong to no token, found by reading whole tables. It uses a connection of its own and
//! has no time limit, because an operator asks for it, beside the service.

use countersign_application::ports::{StoreError, Stray};
use countersign_domain::TenantId;
use sqlx::{Executor as _, postgres::PgPoolOptions};

use crate::store::{CONNECT, PostgresStore};

impl PostgresStore {
    pub(crate) async fn all_strays(&self, limit: u16) -> Result<Vec<Stray>, StoreError> {
        let session = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT)
            .connect_lazy_with(self.options.clone());
        let rows = sqlx::query!(
            r#"
            (SELECT 'token_secrets' AS "table!", s.tenant_id AS "tenant!", s.token_id AS "id!"
             FROM token_secrets s LEFT JOIN api_tokens t ON t.tenant_id = s.tenant_id AND t.id = s.token_id
             WHERE t.id IS NULL LIMIT $1)
            UNION ALL
            (SELECT 'token_search', f.tenant_id, f.token_id
             FROM token_search f LEFT JOIN api_tokens t ON t.tenant_id = f.tenant_id AND t.id = f.token_id
             WHERE t.id IS NULL LIMIT $1)
            UNION ALL
            (SELECT 'token_uses', l.tenant_id, l.token_id
             FROM token_uses l LEFT JOIN api_tokens t ON t.tenant_id = l.tenant_id AND t.id = l.token_id
             WHERE t.id IS NULL LIMIT $1)
            UNION ALL
            (SELECT 'users', u.tenant_id, u.id
             FROM users u LEFT JOIN api_tokens t ON t.tenant_id = u.tenant_id AND t.user_id = u.id
             LEFT JOIN tenants n ON n.id = u.tenant_id AND n.system_user_id = u.id AND n.created_at = u.created_at
                                 AND u.kind = 'system' AND u.closed_at IS NULL
             WHERE t.id IS NULL AND n.id IS NULL LIMIT $1)
            "#,
            i64::from(limit),
        );
        let found = async {
            // A pooler may hand out a session for which another client has set a limit.
            let mut look = session.begin().await?;
            look.execute("SET LOCAL statement_timeout = 0").await?;
            rows.fetch_all(&mut *look).await
        };
        let found = found.await;
        session.close().await;
        let found = found.map_err(|error: sqlx::Error| StoreError::Unavailable(Box::new(error)))?;
        let strays = found.into_iter().map(|row| Stray {
            table: named(&row.table),
            tenant: TenantId::from_uuid(row.tenant),
            id: row.id,
        });
        Ok(strays.collect())
    }
}

fn named(table: &str) -> &'static str {
    let tables = ["token_secrets", "token_search", "token_uses"];
    tables
        .into_iter()
        .find(|one| *one == table)
        .unwrap_or("users")
}
