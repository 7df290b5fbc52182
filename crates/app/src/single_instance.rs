//! Lock for one `serve` per SQLite file: each of two would assume to be the only writer. Other
//! commands may run beside it.

use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::settings::beside;

/// The locks of one node: on a file beside the database, which can be taken before there is a
/// database, and on the database itself, which also holds if the other file is removed or the
/// database has a second name (a hard link). The system frees them when the process ends, in
/// whatever way.
#[derive(Debug)]
pub(crate) struct InstanceLock {
    database: PathBuf,
    _beside: File,
    /// Never closed while the node uses the database: that would free SQLite's own locks, which
    /// belong to the process (POSIX fcntl).
    itself: Option<File>,
}

impl InstanceLock {
    /// Takes the lock beside the database, and the one on the database if it exists.
    ///
    /// # Errors
    /// Fails if another process holds one of them, or if it cannot be created.
    pub(crate) fn take(database: &Path) -> Result<Self> {
        // A link to the file is the same file.
        let database = database
            .canonicalize()
            .unwrap_or_else(|_| database.to_owned());
        let path = beside(&database, ".lock");
        let beside = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        lock(&beside, &path, &database)?;
        let mut held = Self {
            _beside: beside,
            itself: None,
            database,
        };
        held.complete()?;
        Ok(held)
    }

    /// Takes the lock on the database, if it exists by now and the lock is not yet taken.
    ///
    /// # Errors
    /// Fails if another process holds it, or if the file cannot be opened.
    pub(crate) fn complete(&mut self) -> Result<()> {
        if self.itself.is_some() {
            return Ok(());
        }
        let path = &self.database;
        match File::open(path) {
            Ok(file) => {
                lock(&file, path, path)?;
                self.itself = Some(file);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot open {}", path.display())),
        }
    }
}

fn lock(file: &File, path: &Path, database: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => bail!(
            "another `countersign serve` uses {}: stop it, or name another file with --database-url",
            database.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}
