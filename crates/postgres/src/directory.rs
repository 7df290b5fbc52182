//! The ports of users and tenants.

use std::time::Instant;

use async_trait::async_trait;
use countersign_application::ports::{
    StoreError, Tenant, TenantError, TenantStore, User, UserStore,
};
use countersign_domain::{TenantId, UserId, UserInfo};

use crate::{
    rows::{Micros, Table, shown},
    store::PostgresStore,
};

const TENANTS: Table = Table("tenants");
const USERS: Table = Table("users");

#[async_trait]
impl UserStore for PostgresStore {
    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<User>, StoreError> {
        let rows = self.link.query(|| {
            sqlx::query!(
                r#"
                SELECT name, kind, created_at AS "created_at: Micros", closed_at IS NULL AS "enabled!"
                FROM users WHERE tenant_id = $1 AND id = $2
                "#,
                tenant.as_uuid(),
                id.as_uuid(),
            )
            .map(|row| {
                Ok(User {
                    id,
                    tenant,
                    name: shown(&row.name).into(),
                    kind: USERS.column("kind", row.kind.parse().ok())?,
                    enabled: row.enabled,
                    created: USERS.time("created_at", row.created_at)?,
                })
            })
        });
        rows.await?.pop().transpose()
    }
}

#[async_trait]
impl TenantStore for PostgresStore {
    async fn create(&self, tenant: &Tenant) -> Result<(), TenantError> {
        let made = self.link.execute(Instant::now(), || {
            sqlx::query!(
                r#"
                WITH made AS (
                    INSERT INTO tenants (id, name, created_at, system_user_id, name_key)
                    VALUES ($1, $2, $3, $4, $6)
                    RETURNING id, created_at, system_user_id
                )
                INSERT INTO users (tenant_id, id, name, kind, created_at)
                SELECT id, system_user_id, $5, 'system', created_at FROM made
                RETURNING id
                "#,
                tenant.id.as_uuid(),
                &*tenant.name,
                tenant.created.to_utc(),
                tenant.system.id.as_uuid(),
                &*tenant.system.name,
                tenant.name_key(),
            )
            .map(drop)
        });
        match made.await {
            Ok(_) => Ok(()),
            Err(lost) if lost.is_taken("tenants_name") || lost.is_taken("tenants_name_key") => {
                Err(TenantError::NameTaken)
            }
            Err(lost) => Err(TenantError::Fault(lost.into())),
        }
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let rows = self.link.query(|| {
            sqlx::query!(
                r#"
                SELECT t.id, t.name, t.created_at AS "created_at: Micros", t.system_user_id, u.name AS "system_name?"
                FROM tenants t
                LEFT JOIN users u ON u.tenant_id = t.id AND u.id = t.system_user_id
                ORDER BY t.name
                "#,
            )
            .map(|row| {
                let system: UserInfo =
                    TENANTS.user("system_user_id", row.system_user_id, row.system_name)?;
                Ok(Tenant {
                    id: TenantId::from_uuid(row.id),
                    name: row.name.into(),
                    created: TENANTS.time("created_at", row.created_at)?,
                    system,
                })
            })
        });
        rows.await?.into_iter().collect()
    }

    async fn has_history(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let rows = self.link.query(|| {
            sqlx::query!(
                r#"SELECT EXISTS (SELECT FROM api_tokens WHERE tenant_id = $1) AS "exists!""#,
                tenant.as_uuid(),
            )
            .map(|row| row.exists)
        });
        Ok(rows.await?.pop().unwrap_or_default())
    }
}
