//! The very first start: somebody has to get a token without having one. It happens once per store, and its secret
//! must be neither lost nor shown twice, whatever fails in between and however many nodes start at once.

mod greeting;
mod keep;

use std::{
    io::{self, IsTerminal as _},
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use countersign_application::{Failure, FirstToken};
use countersign_domain::Secret;

pub(crate) use self::greeting::greet;
use self::keep::{Kept, left};
use crate::{
    service::Service,
    settings::{DatabaseUrl, beside},
};

/// Where the secret went, or is to go.
pub(crate) enum Made {
    /// Still to be shown, on the terminal.
    Shown(Secret),
    /// In this file.
    Kept(PathBuf),
}

/// Makes the default tenant, and its first token where it never had one.
///
/// # Errors
/// When the store cannot answer, or the secret cannot be kept; then no token was made, or the message says where its
/// secret is.
pub(crate) async fn first_token(service: &Service, database: &DatabaseUrl) -> Result<Option<Made>> {
    let tenant = service.tenants.default().await?;
    if service.tenants.has_history(&tenant).await? {
        return Ok(None);
    }
    let request = service.request_id("first-start")?;
    let secret = service.tenants.new_secret()?;
    if io::stdout().is_terminal() {
        let first = service
            .tenants
            .first_token(&tenant, request, secret)
            .await?;
        return Ok(match first {
            FirstToken::Made(made) => Some(Made::Shown(made.secret)),
            FirstToken::NotNeeded => None,
        });
    }
    let path = file(database);
    let kept = Kept::write(&path, &secret)
        .with_context(|| format!("cannot write the root token to {}", path.display()))?;
    match service.tenants.first_token(&tenant, request, secret).await {
        Ok(FirstToken::Made(_)) => kept.publish(&path).map(Some),
        Ok(FirstToken::NotNeeded) => Ok(None),
        Err(failure @ Failure::OutcomeUnknown(_)) => {
            let draft = kept.leave()?;
            Err(failure).with_context(|| {
                format!(
                    "the root token may have been made; if it was, its secret is in {}: start again, and try it",
                    draft.display()
                )
            })
        }
        Err(failure) => bail!(failure),
    }
}

/// Names the files that may hold the only copy of an earlier first start's secret.
pub(crate) fn tell_what_is_left(database: &DatabaseUrl) {
    for draft in left(&file(database)) {
        tracing::warn!(
            path = %path::absolute(&draft).unwrap_or(draft).display(),
            "an earlier first start left this file: it may hold a root token's secret; try it, then remove it"
        );
    }
}

fn file(database: &DatabaseUrl) -> PathBuf {
    match database {
        DatabaseUrl::Sqlite(path) => beside(path, ".root-token"),
        DatabaseUrl::Postgres(_) => Path::new("countersign.root-token").to_owned(),
    }
}
