//! The file behind the connections. A process that has a file open goes on writing into it after it was deleted or
//! replaced, and acknowledges what no restart will find.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use countersign_application::ports::StoreFault;
use thiserror::Error;

/// The file at the path is not the one that is open.
#[derive(Debug, Error)]
#[error(
    "{} was deleted or replaced while it was in use, so that changes would be lost: \
     put that file back, or restart with the one that is to count", .0.display()
)]
struct Replaced(PathBuf);

/// What the database and its log were when they were opened.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    database: Identity,
    /// Made by the first connection that writes.
    log: OnceLock<Identity>,
    log_path: PathBuf,
}

impl DatabaseFile {
    /// The file at this path, which is open.
    pub(crate) fn opened(path: &Path) -> Option<Self> {
        let mut log_path = path.as_os_str().to_owned();
        log_path.push("-wal");
        Some(Self {
            database: Identity::of(path)?,
            log: OnceLock::new(),
            log_path: log_path.into(),
        })
    }

    /// Notes the log that a connection now has open.
    pub(crate) fn log_opened(&self) {
        if self.log.get().is_none()
            && let Some(log) = Identity::of(&self.log_path)
        {
            // A rival noted the same one.
            let _ = self.log.set(log);
        }
    }

    /// Whether a restart would find what is written now.
    ///
    /// # Errors
    /// Another file lies at the path of the database or its log, or none.
    pub(crate) fn check(&self) -> Result<(), StoreFault> {
        let changed = [Some(&self.database), self.log.get()]
            .into_iter()
            .flatten()
            .find(|opened| Identity::of(&opened.path).as_ref() != Some(*opened));
        match changed {
            None => Ok(()),
            Some(opened) => {
                let replaced = Replaced(opened.path.clone());
                Err(StoreFault::Unwritable(Box::new(replaced)))
            }
        }
    }
}

/// A path, and what the file system calls the file there.
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
