//! Starts the program that takes screenshots of the console's pages.

use std::process::Command;

use anyhow::Result;

use crate::step::{binary, root, run, service_binary};

/// Builds service and program, and writes the screenshots to `docs/screenshots/`.
///
/// # Errors
/// Fails if one does not build, or a page is not as expected.
pub(crate) fn screenshots() -> Result<()> {
    let service = service_binary()?;
    run(Command::new(binary("screenshots")?)
        .arg(service)
        .arg(root().join("docs/screenshots")))
}
