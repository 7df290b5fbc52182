//! Creation of a further root token: the way back in for an operator on the machine who has lost
//! all tokens.

use anyhow::{Context as _, Result, anyhow};
use countersign_application::UseCaseError;

use super::{explained, remark, service, write_stdout};
use crate::settings::Settings;

/// Creates the token; standard output gets the secret and nothing else.
///
/// # Errors
/// Fails if there is no such tenant, if the name is taken or not valid, or with the store.
pub(super) async fn make(
    settings: Settings,
    name: Option<String>,
    tenant: Option<String>,
) -> Result<()> {
    let service = service(settings).await?;
    let tenants = &service.tenants;
    let tenant = match tenant {
        None => tenants.default().await.map_err(explained)?,
        Some(name) => tenants
            .named(&name)
            .await
            .map_err(explained)?
            .ok_or_else(|| {
                anyhow!("there is no tenant {name:?}; `countersign tenant list` shows all")
            })?,
    };
    // The name has the time in it, so that the command can be repeated.
    let name = name.unwrap_or_else(|| format!("Root {}", service.clock.now()));
    let request = service.request_id("root-token")?;
    let made = match tenants.root_token(&tenant, request, &name).await {
        Err(UseCaseError::NameTaken { .. }) => {
            return Err(anyhow!(
                "a token named {name:?} is there already; choose another --name"
            ));
        }
        made => made.map_err(explained)?,
    };
    write_stdout(made.secret.expose()).context(
        "the token was made, but its secret reached nobody: make another, then delete this one",
    )?;
    let token = made.view.token;
    remark(&format!(
        "made token {} ({}) of tenant {}, valid until {}",
        token.id,
        token.name.as_str(),
        tenant.name,
        token.expiry
    ));
    Ok(())
}
