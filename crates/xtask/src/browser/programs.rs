//! The programs of Chromium and its driver.
//!
//! Both come from one place, because a driver drives the browser of its own version. They are
//! installed if that is possible here; otherwise the error says what to install.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::Result;

use crate::prerequisites::ensure_installed;

/// The names of the browser in distributions and by Google.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const DRIVERS: [&str; 2] = ["chromedriver", "chromium-chromedriver"];

/// The two programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) browser: PathBuf,
    pub(super) driver: PathBuf,
}

/// The programs on the search path, if necessary after an installation.
///
/// # Errors
/// Fails if there is none and none may be installed; the error says what to install.
pub(super) fn find_or_install() -> Result<Programs> {
    ensure_installed(
        || find(&env::var_os("PATH").unwrap_or_default()),
        &["chromium", "chromium-driver"],
        "no Chromium with its driver on the search path. Install both (Debian: `sudo apt-get install chromium \
         chromium-driver`; Fedora: `sudo dnf install chromium chromedriver`; macOS: `brew install --cask \
         chromium chromedriver`)",
    )
}

fn find(path: &OsStr) -> Option<Programs> {
    let first = |names: &[&str]| {
        let folders = env::split_paths(path);
        folders
            .flat_map(|folder| {
                names
                    .iter()
                    .map(move |name| folder.join(name))
                    .collect::<Vec<_>>()
            })
            .find(|program| program.is_file())
    };
    Some(Programs {
        browser: first(&BROWSERS)?,
        driver: first(&DRIVERS)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_looked_for_in_every_folder_of_the_path() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (browser, driver) = (
            one.path().join("chromium"),
            other.path().join("chromedriver"),
        );
        let path = env::join_paths([one.path(), other.path()]).unwrap();
        std::fs::write(&browser, "").unwrap();
        assert_eq!(find(&path), None);
        std::fs::write(&driver, "").unwrap();
        assert_eq!(find(&path), Some(Programs { browser, driver }));
    }
}
