//! The first start: somebody has to get a token without having one. It happens once per store, and
//! its secret must be neither lost nor shown twice, whatever fails in between and however many
//! nodes start at once.

mod greeting;
mod secret_file;

use std::{
    io::{self, IsTerminal as _},
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use countersign_application::{FirstToken, UseCaseError};
use countersign_domain::{Secret, StoredSecret};

pub(crate) use self::greeting::Greeting;
use self::secret_file::{SecretFile, left};
use crate::{
    service::Service,
    settings::{DatabaseUrl, beside},
};

/// The destination of the first secret.
pub(crate) enum FirstSecret {
    /// The terminal, on which it is still to be shown.
    Shown(Secret),
    /// This file.
    Kept(PathBuf),
}

/// Creates the default tenant, and its first token if it never had one: with the chosen secret, or
/// else with a new one.
///
/// # Errors
/// Fails if the store cannot answer, or the secret cannot be kept; then no token was created, or
/// the message says where its secret is.
pub(crate) async fn first_token(
    service: &Service,
    database: &DatabaseUrl,
    chosen: Option<&StoredSecret>,
) -> Result<Option<FirstSecret>> {
    let tenant = service.tenants.default().await?;
    let request = service.request_id("first-start")?;
    if let Some(secret) = chosen {
        match service
            .tenants
            .first_token(&tenant, request, secret)
            .await?
        {
            FirstToken::Made(made) => tracing::info!(
                token = %made.token.id,
                expiry = %made.token.expiry,
                "the first start made a root token with the secret that the settings name"
            ),
            FirstToken::NotNeeded => warn_of_other_secret(service, secret).await?,
        }
        return Ok(None);
    }
    if service.tenants.has_history(&tenant).await? {
        return Ok(None);
    }
    let secret = service.tenants.new_secret()?;
    if io::stdout().is_terminal() {
        let first = service
            .tenants
            .first_token(&tenant, request, &(&secret).into())
            .await?;
        return Ok(match first {
            FirstToken::Made(_) => Some(FirstSecret::Shown(secret)),
            FirstToken::NotNeeded => None,
        });
    }
    let path = file(database);
    let kept = SecretFile::write(&path, &secret)
        .with_context(|| format!("cannot write the root token to {}", path.display()))?;
    let stored = StoredSecret::from(&secret);
    match service.tenants.first_token(&tenant, request, &stored).await {
        Ok(FirstToken::Made(_)) => kept.publish(&path).map(Some),
        Ok(FirstToken::NotNeeded) => Ok(None),
        Err(failure @ UseCaseError::OutcomeUnknown(_)) => {
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

/// Warns if the settings name a root token's secret with which nobody gets in.
async fn warn_of_other_secret(service: &Service, chosen: &StoredSecret) -> Result<()> {
    if !service.tenants.knows(chosen).await? {
        tracing::warn!(
            "no live token has the secret that bootstrap-token-file or bootstrap-token-digest names, and the store keeps the tokens it has: `countersign root-token` makes another root token"
        );
    }
    Ok(())
}

/// Warns of files with a root token's secret, which should be where it is needed, not beside the
/// database. A file under its temporary name may be the only copy.
pub(crate) fn tell_what_is_left(database: &DatabaseUrl) {
    let file = file(database);
    if file.exists() {
        tracing::warn!(
            path = %path::absolute(&file).unwrap_or_else(|_| file.clone()).display(),
            "the root token's secret of an earlier first start is still in this file: store it elsewhere, then remove the file"
        );
    }
    for draft in left(&file) {
        tracing::warn!(
            path = %path::absolute(&draft).unwrap_or(draft).display(),
            "an earlier first start left this file: it may hold a root token's secret; try it, then remove it"
        );
    }
}

/// Warns if a database was here and is gone: the start creates a new one, without the tokens of the
/// old.
pub(crate) fn tell_of_lost_database(database: &DatabaseUrl) {
    let DatabaseUrl::Sqlite(path) = database else {
        return;
    };
    if path.exists() {
        return;
    }
    let traces = [".lock", ".root-token", "-wal"].map(|ending| beside(path, ending));
    let traces: Vec<String> = traces
        .iter()
        .filter(|trace| trace.exists())
        .map(|trace| trace.display().to_string())
        .collect();
    if !traces.is_empty() {
        tracing::warn!(
            path = %path::absolute(path).unwrap_or_else(|_| path.clone()).display(),
            beside = traces.join(", "),
            "a database was here before and is gone: a new, empty one is created, without the tokens of the old one; if the old one was moved, stop the service and put it back"
        );
    }
}

/// Warns if the database is newer than the log beside it. That is the state after a backup was
/// restored without removing the old file's log, which SQLite takes for the backup's own.
pub(crate) fn tell_of_stale_log(database: &DatabaseUrl) {
    let DatabaseUrl::Sqlite(path) = database else {
        return;
    };
    let log = beside(path, "-wal");
    let (Ok(of_database), Ok(of_log)) = (path.metadata(), log.metadata()) else {
        return;
    };
    let newer = match (of_database.modified(), of_log.modified()) {
        (Ok(database), Ok(log)) => database > log,
        _ => false,
    };
    if newer && of_log.len() > 0 {
        tracing::warn!(
            log = %path::absolute(&log).unwrap_or(log).display(),
            "this log is older than the database beside it: if the database was restored from a backup, stop the service, restore it again, and remove the files -wal and -shm beside it before the next start; after a crash there is nothing to do"
        );
    }
}

fn file(database: &DatabaseUrl) -> PathBuf {
    match database {
        DatabaseUrl::Sqlite(path) => beside(path, ".root-token"),
        DatabaseUrl::Postgres(_) => Path::new("countersign.root-token").to_owned(),
    }
}
