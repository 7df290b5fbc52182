//! The file that a new secret is written to: it is complete, or it is not there.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use countersign_client::Secret;
use tempfile::NamedTempFile;

use crate::{
    failure::{Outcome, mistake},
    output::{remark, write_line},
};

/// Where a new secret goes. It is opened before the request, so that a secret that cannot be kept
/// is not made.
pub(crate) enum SecretSink {
    Stdout,
    File { draft: NamedTempFile, path: PathBuf },
}

impl SecretSink {
    pub(crate) fn open(path: Option<&Path>) -> Outcome<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        let failed = |error| unwritable(path, &error);
        if path.symlink_metadata().is_ok() {
            let taken = format!(
                "the secret file {} exists; choose a new one",
                path.display()
            );
            return Err(mistake(taken));
        }
        // The library creates it with mode 0600.
        let draft = tempfile::Builder::new()
            .prefix(".countersign-secret-")
            .tempfile_in(folder(path))
            .map_err(failed)?;
        Ok(Self::File {
            draft,
            path: path.to_owned(),
        })
    }

    /// Hands the secret over.
    pub(crate) fn accept(self, secret: &Secret) -> Outcome {
        match self {
            // A secret that nobody read is lost, which is no success even if the reader has gone.
            Self::Stdout => write_line(secret.expose()).map_err(|_| {
                mistake(
                    "nobody read the secret on standard output, so it is lost; \
                     run `countersign token rotate` with the token's id for another",
                )
            }),
            Self::File { mut draft, path } => {
                writeln!(draft, "{}", secret.expose())
                    .map_err(|error| unwritable(&path, &error))?;
                // The secret is kept even if it is not known to be on the disk.
                let synced = draft.as_file().sync_all();
                match draft.persist_noclobber(&path) {
                    // Makes the name as durable as the content.
                    Ok(_) => synced
                        .and_then(|()| File::open(folder(&path)))
                        .and_then(|folder| folder.sync_all())
                        .map_err(|error| unwritable(&path, &error)),
                    // The token exists by now, so its secret is kept under the temporary name.
                    Err(error) => {
                        let kept = error
                            .file
                            .keep()
                            .map_err(|error| unwritable(&path, &error.error))?;
                        remark(&format!("the secret is in {}", kept.1.display()));
                        Err(unwritable(&path, &error.error))
                    }
                }
            }
        }
    }

    /// Whether standard output is free for the record.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> crate::failure::Failure {
    mistake(format!(
        "cannot write the secret file {}: {error}",
        path.display()
    ))
}

fn folder(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn the_file_is_complete_or_absent_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.secret");
        drop(SecretSink::open(Some(&path)).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let sink = SecretSink::open(Some(&path)).unwrap();
        sink.accept(&Secret::new("csg_x")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "csg_x\n");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(SecretSink::open(Some(&path)).is_err());
        assert!(SecretSink::open(Some(&folder.path().join("no/folder"))).is_err());
    }

    #[test]
    fn a_name_that_was_taken_meanwhile_does_not_lose_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.secret");
        let sink = SecretSink::open(Some(&path)).unwrap();
        fs::write(&path, "other").unwrap();
        assert!(sink.accept(&Secret::new("csg_x")).is_err());
        let texts = fs::read_dir(folder.path()).unwrap();
        let texts: Vec<_> = texts
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        assert!(texts.contains(&"other".to_owned()) && texts.contains(&"csg_x\n".to_owned()));
    }
}
