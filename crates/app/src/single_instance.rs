//! Lock for one `serve` per SQLite file: each of two would assume to be the only writer. Other
//! commands may run beside it.

use std::{
    fs::{File, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result, bail};

use crate::settings::beside;

/// Takes the lock beside the database, for as long as the file is held; the system frees it when
/// the process ends, in whatever way.
///
/// # Errors
/// Fails if another process holds the lock, or if it cannot be created.
pub(crate) fn exclusive(database: &Path) -> Result<File> {
    // A link to the file is the same file.
    let database = database
        .canonicalize()
        .unwrap_or_else(|_| database.to_owned());
    let path = beside(&database, ".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another `countersign serve` uses {}: stop it, or name another file with --database-url",
            database.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}
