//! Tenants, as an operator on the machine makes and sees them.

use anyhow::{Context as _, Result, bail};
use countersign_application::Failure;
use countersign_domain::{TenantId, Timestamp, TokenName};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{explained, remark, say, service};
use crate::settings::Settings;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    tenant_id: TenantId,
    token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    tenant_id: TenantId,
    name: &'a str,
    creation_date: Timestamp,
}

/// Makes a tenant and its first token, and prints both.
///
/// # Errors
/// A name that is none or taken, a store that cannot answer.
pub(super) async fn create(settings: Settings, name: &str) -> Result<()> {
    // A tenant's name is told apart by eye as a token's is.
    let name = TokenName::parse(name).with_context(|| format!("{name:?} is no name"))?;
    let service = service(settings).await?;
    let tenant = match service.tenants.create(name.as_str()).await {
        Err(Failure::NameTaken) => bail!("there is a tenant {:?} already", name.as_str()),
        made => made.map_err(explained)?,
    };
    let request = service.request_id("tenant-create")?;
    let created = async {
        let made = service.tenants.root_token(&tenant, request, "Root").await?;
        let line = serde_json::to_string(&Created {
            tenant_id: tenant.id,
            token: made.secret.expose(),
        })?;
        say(&Zeroizing::new(line))
    };
    created.await.with_context(|| {
        format!(
            "the tenant {0:?} was made, but nobody has a token of it: run `countersign root-token --tenant {0:?}`",
            tenant.name
        )
    })?;
    remark(&format!("made tenant {} with a root token", tenant.name));
    Ok(())
}

/// Prints all tenants.
///
/// # Errors
/// A store that cannot answer.
pub(super) async fn list(settings: Settings) -> Result<()> {
    for tenant in service(settings)
        .await?
        .tenants
        .list()
        .await
        .map_err(explained)?
    {
        say(&serde_json::to_string(&Listed {
            tenant_id: tenant.id,
            name: &tenant.name,
            creation_date: tenant.created,
        })?)?;
    }
    Ok(())
}
