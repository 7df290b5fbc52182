//! Tenants, as an operator on the machine makes and sees them.

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

/// Makes a tenant and its first token, and prints both.
///
/// # Errors
/// A name that is none or taken, a store that cannot answer.
pub(super) async fn create(settings: Settings, name: &str) -> Result<()> {
    // A tenant's name is told apart by eye as a token's is.
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
/// A store that cannot answer.
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

/// What is wrong with tenants of an older release that have the same name by today's rules.
pub(super) const SAME_NAME: &str = "these tenants have the same name but for case or width; both \
    work on, and no tenant of such a name can be made any more";

/// The names of a group, for people.
pub(super) fn names(group: &[Tenant]) -> String {
    let names = group.iter().map(|tenant| format!("{:?}", tenant.name));
    names.collect::<Vec<_>>().join(", ")
}
