//! Tenants, for an operator on the machine.

use anyhow::{Context as _, Result, bail};
use countersign_application::{UseCaseError, ports::Tenant};
use countersign_domain::{TenantId, Timestamp, TokenName};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{explained, remark, service, write_stdout};
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
    /// Other tenants whose names have the same folded key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    same_name_as: Vec<TenantId>,
}

/// Creates a tenant and its first token, and prints both.
///
/// # Errors
/// Fails if the name is taken or not valid, or with the store.
pub(super) async fn create(settings: Settings, name: &str) -> Result<()> {
    // People distinguish tenants by their names, like tokens.
    let name = TokenName::parse(name).with_context(|| format!("{name:?} is no name"))?;
    let service = service(settings).await?;
    let tenant = match service.tenants.create(name.as_str()).await {
        Err(UseCaseError::NameTaken { .. }) => {
            let taken = service.tenants.named(name.as_str()).await;
            let taken = taken
                .map_err(explained)?
                .map_or("default".into(), |tenant| tenant.name);
            bail!(
                "the name is taken by the tenant {taken:?}: names are compared without regard to case and width"
            );
        }
        made => made.map_err(explained)?,
    };
    let request = service.request_id("tenant-create")?;
    let created = async {
        let made = service.tenants.root_token(&tenant, request, "Root").await?;
        let line = serde_json::to_string(&Created {
            tenant_id: tenant.id,
            token: made.secret.expose(),
        })?;
        write_stdout(&Zeroizing::new(line))
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
/// Fails with the store.
pub(super) async fn list(settings: Settings) -> Result<()> {
    let tenants = service(settings).await?.tenants;
    let alike = tenants.alike().await.map_err(explained)?;
    for tenant in tenants.list().await.map_err(explained)? {
        let group = alike.iter().find(|group| group.contains(&tenant));
        let others = group.into_iter().flatten().map(|other| other.id);
        write_stdout(&serde_json::to_string(&Listed {
            tenant_id: tenant.id,
            name: &tenant.name,
            creation_date: tenant.created,
            same_name_as: others.filter(|other| *other != tenant.id).collect(),
        })?)?;
    }
    for group in alike {
        remark(&format!("{}: {SAME_NAME}", names(&group)));
    }
    Ok(())
}

/// The warning about tenants of an older release whose names are the same by today's rules.
pub(super) const SAME_NAME: &str = "these tenants have the same name but for case or width; both \
    work on, and no tenant of such a name can be made any more";

/// The names of a group, for people.
pub(super) fn names(group: &[Tenant]) -> String {
    let names = group.iter().map(|tenant| format!("{:?}", tenant.name));
    names.collect::<Vec<_>>().join(", ")
}
