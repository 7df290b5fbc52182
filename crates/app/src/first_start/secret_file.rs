//! The file of the first secret. It is written completely under a temporary name before the token
//! exists, and gets its final name afterwards: so a full disk or an unwritable folder is noticed
//! while nothing is lost yet.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use countersign_domain::Secret;
use tempfile::NamedTempFile;

use super::FirstSecret;

/// A secret on disk that nobody knows of yet. Dropping it removes the file.
pub(super) struct SecretFile(NamedTempFile);

impl SecretFile {
    /// Writes the secret beside `path`, readable only for the owner, and waits until it is on the
    /// disk.
    pub(super) fn write(path: &Path, secret: &Secret) -> io::Result<Self> {
        // The library creates it with mode 0600.
        let mut file = tempfile::Builder::new()
            .prefix(&prefix(path))
            .tempfile_in(folder(path))?;
        writeln!(file, "{}", secret.expose())?;
        file.as_file().sync_all()?;
        Ok(Self(file))
    }

    /// Renames the file to its final name. If that is taken, the file keeps its temporary name:
    /// several databases may have their services started in one folder, and the existing file may
    /// be the only copy of another one's secret.
    pub(super) fn publish(self, path: &Path) -> Result<FirstSecret> {
        match self.0.persist_noclobber(path) {
            Ok(_) => {
                // Makes the name as durable as the content.
                File::open(folder(path))?.sync_all()?;
                Ok(FirstSecret::Kept(path.to_owned()))
            }
            Err(error) => {
                let draft = Self(error.file).leave()?;
                tracing::warn!(
                    error = error.error.to_string(),
                    wanted = %path.display(),
                    "the root token's file keeps its temporary name, because the wanted one exists"
                );
                Ok(FirstSecret::Kept(draft))
            }
        }
    }

    /// Keeps the file under its temporary name.
    pub(super) fn leave(self) -> Result<PathBuf> {
        let (_, path) = self.0.keep().context("cannot keep the root token's file")?;
        Ok(path)
    }
}

/// The files that an earlier start left under their temporary names; one that ended between the
/// commit and the renaming has the only copy of a secret.
pub(super) fn left(path: &Path) -> Vec<PathBuf> {
    let prefix = prefix(path);
    let begins = |name: OsString| {
        let name = name.as_encoded_bytes();
        name.starts_with(prefix.as_encoded_bytes())
    };
    // If the folder cannot be read, writing the secret reports that.
    let Ok(entries) = fs::read_dir(folder(path)) else {
        return Vec::new();
    };
    let mut left: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| begins(entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    left.sort();
    left
}

/// The prefix of temporary names.
fn prefix(path: &Path) -> OsString {
    let mut prefix = path.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    prefix
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_kept_secret_shows_under_its_name_only_once_it_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db.root-token");
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let secret = Secret::from_random(&[3; 32]);

        drop(SecretFile::write(&path, &secret).unwrap());
        assert_eq!(count(), 0, "a node that lost leaves nothing");

        let kept = SecretFile::write(&path, &secret).unwrap();
        assert!(!path.exists());
        assert_eq!(count(), 1);
        assert!(matches!(kept.publish(&path).unwrap(), FirstSecret::Kept(_)));
        assert_eq!(count(), 1);
        assert_eq!(
            fs::read_to_string(&path).unwrap().trim_end(),
            secret.expose()
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_secret_is_not_lost_where_its_name_cannot_be_had() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db.root-token");
        let other = Secret::from_random(&[4; 32]);
        SecretFile::write(&path, &other)
            .unwrap()
            .publish(&path)
            .unwrap();
        let secret = Secret::from_random(&[3; 32]);
        let FirstSecret::Kept(draft) = SecretFile::write(&path, &secret)
            .unwrap()
            .publish(&path)
            .unwrap()
        else {
            panic!("it is in a file");
        };
        for (file, secret) in [(&draft, &secret), (&path, &other)] {
            assert_eq!(
                fs::read_to_string(file).unwrap().trim_end(),
                secret.expose()
            );
            let mode = fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(left(&path), [draft]);
        assert!(left(&folder.path().join("b.db.root-token")).is_empty());
    }

    #[test]
    fn a_folder_that_is_not_there_is_found_before_anything_is_made() {
        let secret = Secret::from_random(&[3; 32]);
        assert!(SecretFile::write(Path::new("/nowhere/at/all"), &secret).is_err());
    }
}
