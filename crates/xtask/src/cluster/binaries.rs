//! The PostgreSQL server programs.
//!
//! Distributions keep them off the search path, each in its own place, so that `initdb` is "not
//! found" on machines that have it. They are looked for in all the usual places, then installed if
//! that is possible here; otherwise the error says what to install.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::prerequisites::ensure_installed;

/// Names the folder to use, without a search.
const OVERRIDE: &str = "COUNTERSIGN_PG_BIN";
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];

pub(crate) fn find_or_install() -> Result<PathBuf> {
    if let Some(folder) = env::var_os(OVERRIDE).map(PathBuf::from) {
        ensure!(
            complete(&folder),
            "{OVERRIDE} is {}, which lacks one of {PROGRAMS:?}",
            folder.display()
        );
        return Ok(folder);
    }
    ensure_installed(
        || find(candidates()),
        &["postgresql"],
        &format!(
            "no PostgreSQL server programs found. Install them (Debian, Ubuntu: `sudo apt-get install postgresql`; \
             Fedora: `sudo dnf install postgresql-server`; macOS: `brew install postgresql@17`) \
             or name the folder of `initdb` in {OVERRIDE}"
        ),
    )
}

fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Links on the path lead to the folder with the whole set.
    let on_path = env::split_paths(&path)
        .filter_map(|folder| folder.join("initdb").canonicalize().ok())
        .filter_map(|program| program.parent().map(Path::to_owned));
    let configured = Command::new("pg_config")
        .arg("--bindir")
        .output()
        .ok()
        .map(|answer| PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()));
    on_path
        .chain(newest_first(Path::new("/usr/lib/postgresql"), ""))
        .chain(newest_first(Path::new("/usr"), "pgsql-"))
        .chain(configured)
        .chain(newest_first(Path::new("/opt/homebrew/opt"), "postgresql@"))
        .chain(newest_first(Path::new("/usr/local/opt"), "postgresql@"))
        .collect()
}

/// `<root>/<prefix><major version>/bin`, the highest version first.
fn newest_first(root: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = root.read_dir().into_iter().flatten().flatten();
    let mut versions: Vec<u32> = entries
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_prefix(prefix)?
                .parse()
                .ok()
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions
        .iter()
        .map(|version| root.join(format!("{prefix}{version}/bin")))
        .collect()
}

fn find(candidates: Vec<PathBuf>) -> Option<PathBuf> {
    candidates.into_iter().find(|folder| complete(folder))
}

fn complete(folder: &Path) -> bool {
    PROGRAMS
        .iter()
        .all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(root: &Path, version: &str, programs: &[&str]) {
        let bin = root.join(version).join("bin");
        fs::create_dir_all(&bin).unwrap();
        for program in programs {
            fs::write(bin.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_highest_complete_version_is_found() {
        let root = tempfile::tempdir().unwrap();
        folder(root.path(), "pg-9", &PROGRAMS);
        folder(root.path(), "pg-16", &PROGRAMS);
        folder(root.path(), "pg-17", &["psql"]);
        folder(root.path(), "other", &PROGRAMS);
        let found = find(newest_first(root.path(), "pg-"));
        assert_eq!(found, Some(root.path().join("pg-16/bin")));
    }

    #[test]
    fn an_absent_folder_is_no_candidate() {
        assert!(newest_first(Path::new("/nonexistent"), "").is_empty());
    }
}
