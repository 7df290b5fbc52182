//! Python, which brings its own SQLite: a look at the service's file that owes nothing to our library.
//!
//! Slim images lack it, and a bare "No such file or directory" does not say of what.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Result, ensure};

const PROGRAM: &str = "python3";

/// `python3`, without arguments yet.
///
/// # Errors
/// Where it is not on the search path: what to install.
pub fn python() -> Result<Command> {
    ensure!(
        stands_in(&env::var_os("PATH").unwrap_or_default()),
        "no {PROGRAM} on the search path. Install Python 3.10 or newer (Debian, Ubuntu: \
         `sudo apt-get install python3 python3-venv`; macOS: `brew install python`)"
    );
    Ok(Command::new(PROGRAM))
}

fn stands_in(path: &OsStr) -> bool {
    env::split_paths(path).any(|folder| folder.join(PROGRAM).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_for_in_every_folder_of_the_path() {
        let (bare, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(full.path().join(PROGRAM), "").unwrap();
        let both = env::join_paths([bare.path(), full.path()]).unwrap();
        assert!(stands_in(&both));
        assert!(!stands_in(bare.path().as_os_str()));
    }
}
