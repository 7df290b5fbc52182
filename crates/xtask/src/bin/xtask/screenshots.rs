//! Hands over to the program that paints the console's pages.

use std::process::Command;

use anyhow::Result;

use crate::step::{cargo, root, run, service_binary};

/// Builds service and program, and paints the pages into `docs/screenshots/`.
///
/// # Errors
/// When one does not build, or a page is not as expected.
pub(crate) fn screenshots() -> Result<()> {
    let service = service_binary()?;
    // With the same features, so that next to nothing is compiled twice.
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--workspace",
        "--all-features",
        "--locked",
        "--bin",
        "screenshots",
    ]))?;
    let program = service.with_file_name("screenshots");
    run(Command::new(program)
        .arg(service)
        .arg(root().join("docs/screenshots")))
}
