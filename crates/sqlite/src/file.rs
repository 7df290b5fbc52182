//! The database file of the connections. A process that has a file open goes on writing to it after
//! the file was deleted or replaced, and acknowledges changes that no restart will find.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use countersign_application::ports::StoreError;
use thiserror::Error;

/// The file at the path is not the open one.
#[derive(Debug, Error)]
#[error(
    "{} was deleted or replaced while it was in use, so that changes would be lost: \
     put that file back, or restart with the one that is to count", .0.display()
)]
struct Replaced(PathBuf);

/// The identities of the database, its log and the index of the log when they were opened. Without
/// the index that others see, another process would overwrite what this one has in the log.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    database: Identity,
    /// The log and its index, which the first writing connection creates.
    log: OnceLock<[Identity; 2]>,
    log_paths: [PathBuf; 2],
}

impl DatabaseFile {
    /// The open file at this path.
    pub(crate) fn opened(path: &Path) -> Option<Self> {
        // SQLite keeps the log beside the target of a link.
        let file = path.canonicalize().ok()?;
        let beside = |suffix| {
            let mut beside = file.as_os_str().to_owned();
            beside.push(suffix);
            beside.into()
        };
        Some(Self {
            database: Identity::of(path)?,
            log: OnceLock::new(),
            log_paths: ["-wal", "-shm"].map(beside),
        })
    }

    /// Records the log, and its index, that a connection now has open.
    pub(crate) fn log_opened(&self) {
        let [log, index] = &self.log_paths;
        if self.log.get().is_none()
            && let Some(opened) = Identity::of(log).zip(Identity::of(index))
        {
            // Another thread recorded the same ones.
            let _ = self.log.set(opened.into());
        }
    }

    /// Checks that a restart would find what is written now.
    ///
    /// # Errors
    /// Fails if the path of the database, its log or the log's index has another file, or none.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let changed = std::iter::once(&self.database)
            .chain(self.log.get().into_iter().flatten())
            .find(|opened| Identity::of(&opened.path).as_ref() != Some(*opened));
        match changed {
            None => Ok(()),
            Some(opened) => {
                let replaced = Replaced(opened.path.clone());
                Err(StoreError::Unwritable(Box::new(replaced)))
            }
        }
    }
}

/// A path, and the file system's identity of the file there.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_log_is_watched_behind_a_link_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        for name in ["real.db", "real.db-wal", "real.db-shm"] {
            fs::write(at(name), "").unwrap();
        }
        symlink(at("real.db"), at("link.db")).unwrap();
        let opened = DatabaseFile::opened(&at("link.db")).unwrap();
        opened.log_opened();
        opened.check().unwrap();
        fs::remove_file(at("real.db-wal")).unwrap();
        assert!(opened.check().is_err());
    }
}
