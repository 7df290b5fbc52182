//! libfaketime, which gives a process a wrong time, so that a node with a wrong clock can run
//! beside one with a right one. It is installed if that is possible here; otherwise the error says
//! what to install.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::prerequisites::ensure_installed;

const LIBRARY: &str = "faketime/libfaketime.so.1";

/// The variables that make a process take its time from a file, such as `+5.0` for five seconds
/// ahead. The file is read each time that the process asks; the monotonic clock stays as it is.
///
/// # Errors
/// Fails if there is no such library and none may be installed; the error says what to install.
pub fn variables(file: &Path) -> Result<Vec<(String, String)>> {
    let library = ensure_installed(
        find,
        &["libfaketime"],
        "no libfaketime found. Install it (Debian, Ubuntu: `sudo apt-get install libfaketime`; \
         Fedora: `sudo dnf install libfaketime`)",
    )?;
    Ok([
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into())
}

fn find() -> Option<PathBuf> {
    let inside = |folder: &str| {
        let entries = Path::new(folder).read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let mut folders = vec![PathBuf::from("/usr/lib"), PathBuf::from("/usr/lib64")];
    folders.extend(inside("/usr/lib"));
    let mut files = folders.into_iter().map(|folder| folder.join(LIBRARY));
    files.find(|file| file.is_file())
}
