//! The ports of users and tenants.

use std::time::Instant;

use async_trait::async_trait;
use countersign_application::ports::{
    CommitError, StoreError, Tenant, TenantError, TenantStore, User, UserKind, UserStore,
};
use countersign_domain::{TenantId, UserId};

use crate::{
    SqliteStore,
    error::{commit, is_taken, store_error, within},
    rows::{TenantRow, Text, UserRow},
};

#[async_trait]
impl UserStore for SqliteStore {
    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<User>, StoreError> {
        let (tenant, id) = (tenant.as_uuid(), id.as_uuid());
        let row = sqlx::query_as!(
            UserRow,
            "SELECT tenant_id, id, name AS \"name: Text\", kind AS \"kind: Text\", created_at, closed_at FROM users \
             WHERE tenant_id = ? AND id = ?",
            tenant,
            id
        );
        let row = within(async { row.fetch_optional(&self.readers).await.map_err(store_error) });
        row.await?.map(User::try_from).transpose()
    }
}

#[async_trait]
impl TenantStore for SqliteStore {
    async fn create(&self, tenant: &Tenant) -> Result<(), TenantError> {
        let id = tenant.id.as_uuid();
        let (name, created) = (&*tenant.name, tenant.created.as_micros());
        let key = tenant.name_key();
        let (system, system_name) = (tenant.system.id.as_uuid(), &*tenant.system.name);
        let kind = UserKind::System.as_str();
        let began = Instant::now();
        let transaction = within(async {
            let mut transaction = self.writer.begin().await?;
            sqlx::query!(
                "INSERT INTO tenants (id, name, created_at, system_user_id, name_key) \
                 VALUES (?, ?, ?, ?, ?)",
                id,
                name,
                created,
                system,
                key
            )
            .execute(&mut *transaction)
            .await
            .map_err(|error| {
                if is_taken(&error) {
                    TenantError::NameTaken
                } else {
                    store_error(error).into()
                }
            })?;
            sqlx::query!(
                "INSERT INTO users (tenant_id, id, name, kind, created_at) VALUES (?, ?, ?, ?, ?)",
                id,
                system,
                system_name,
                kind,
                created
            )
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
            Ok::<_, TenantError>(transaction)
        })
        .await?;
        commit(transaction, began)
            .await
            .map_err(|error| match error {
                CommitError::Fault(store_error) => store_error.into(),
                // The list of tenants shows whether it was created.
                unknown => StoreError::Unavailable(Box::new(unknown)).into(),
            })
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let rows = sqlx::query_as!(
            TenantRow,
            "SELECT t.id, t.name AS \"name: Text\", t.created_at, t.system_user_id, \
             u.name AS \"system_name: Text\" \
             FROM tenants t LEFT JOIN users u ON u.tenant_id = t.id AND u.id = t.system_user_id \
             ORDER BY t.name"
        );
        let rows = within(async { rows.fetch_all(&self.readers).await.map_err(store_error) });
        rows.await?.into_iter().map(Tenant::try_from).collect()
    }

    async fn has_history(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let tenant = tenant.as_uuid();
        let any = sqlx::query_scalar!(
            "SELECT 1 AS found FROM api_tokens WHERE tenant_id = ? LIMIT 1",
            tenant
        );
        let any = within(async { any.fetch_optional(&self.readers).await.map_err(store_error) });
        Ok(any.await?.is_some())
    }
}
